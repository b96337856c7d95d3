import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import type { ClusterAddress } from '../../devstack/stack-types.ts'

/** Something that the cluster lacks, done by this process. */
export interface StandIn {
  stop(): Promise<void>
}

/** An object of the cluster as the stand-ins read it. */
export type Found = { metadata: Record<string, any>; spec: Record<string, any>; status?: Record<string, any> }

/** Runs one round a second until it is stopped. A round that fails is reported; the next one tries again. */
export function repeat(
  name: string,
  cluster: ClusterAddress,
  { round, report }: { round: (client: KubeClient) => Promise<void>; report: (line: string) => void },
): StandIn {
  const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  const stopped = new AbortController()
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await round(client).catch((error: unknown) => report(`${name}: ${String(error)}`))
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  })()
  return {
    async stop() {
      stopped.abort()
      await loop
      await client.close()
    },
  }
}

/** The objects at a path; none where the path is not served, as while Velero is not installed. */
export async function list(client: KubeClient, path: string): Promise<Found[]> {
  const { body } = await client.request('GET', path)
  return (body as { items?: Found[] }).items ?? []
}

/** An object; undefined where there is none. */
export async function read(client: KubeClient, path: string): Promise<Found | undefined> {
  const { status, body } = await client.request('GET', path)
  return status === 200 ? (body as Found) : undefined
}
