import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import type { ClusterAddress } from '../../devstack/stack-types.ts'
import { watchObjects } from './watch-objects.ts'

/**
 * Watches a collection until the first object of it is written. The result stops it and tells when that was, by
 * `performance.now()`; undefined where nothing was written.
 */
export async function watchFirstObject(
  cluster: ClusterAddress,
  path: string,
): Promise<() => Promise<number | undefined>> {
  let seenAt: number | undefined
  const from = { path, resourceVersion: await resourceVersionOf(cluster, path) }
  const watch = await watchObjects(cluster, from, () => {
    seenAt = performance.now()
    return 'stop'
  })
  return async () => {
    await watch.stop()
    return seenAt
  }
}

async function resourceVersionOf(cluster: ClusterAddress, path: string): Promise<string> {
  const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  try {
    const { body } = await client.must('GET', `${path}?limit=1`)
    return (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion
  } finally {
    await client.close()
  }
}
