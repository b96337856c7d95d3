import { Agent, request } from 'undici'
import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import type { ClusterAddress } from '../../devstack/stack-types.ts'

/**
 * Watches a collection, such as `/api/v1/secrets`, until the first object of it is written. The result stops it and tells when that
 * was, by `performance.now()`; undefined where nothing was written. It ends at the first event, so it costs nothing afterwards.
 */
export async function watchFirstObject(
  cluster: ClusterAddress,
  path: string,
): Promise<() => Promise<number | undefined>> {
  const from = await resourceVersionOf(cluster, path)
  const dispatcher = new Agent({ connect: { ca: cluster.kubeCa } })
  const stop = new AbortController()
  const answer = await request(`${cluster.kubeUrl}${path}?watch=1&resourceVersion=${from}`, {
    dispatcher,
    headers: { authorization: `Bearer ${cluster.tokens.admin}` },
    signal: stop.signal,
    bodyTimeout: 0,
  })
  let seenAt: number | undefined
  const watching = (async () => {
    for await (const _piece of answer.body) {
      seenAt = performance.now()
      stop.abort()
      return
    }
  })()
  watching.catch(() => {})
  return async () => {
    stop.abort()
    await watching.catch(() => {})
    await dispatcher.destroy()
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
