import { openKubeClient } from './cluster/kube-client.ts'
import type { KubeClient } from './cluster/kube-client.ts'
import type { ClusterAddress } from './stack-types.ts'

/** Runs `use` with a client of the cluster's administrator. */
export async function withClient(cluster: ClusterAddress, use: (client: KubeClient) => Promise<void>): Promise<void> {
  const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  try {
    await use(client)
  } finally {
    await client.close()
  }
}
