import { setTimeout as sleep } from 'node:timers/promises'
import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import type { ClusterAddress } from '../../devstack/stack-types.ts'
import type { Latency } from '../measurement.ts'
import { quantile } from '../report/statistics.ts'

/** Few enough that it is no load itself. */
const everyMs = 100

/** A kind that no restore of the bench contains, so that its reads are not counted with those of the restore. */
const path = '/api/v1/namespaces/default/limitranges'

/**
 * Starts a client that has nothing to do with the restore: it reads one object ten times a second over a connection of its own. The
 * result stops it and tells how long it waited.
 */
export async function startUnrelatedClient(cluster: ClusterAddress): Promise<() => Promise<Latency>> {
  const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  const metadata = { name: 'unrelated' }
  await client.must('POST', path, { apiVersion: 'v1', kind: 'LimitRange', metadata, spec: { limits: [] } })
  const waits: number[] = []
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      const began = performance.now()
      await client.must('GET', `${path}/unrelated`)
      const took = performance.now() - began
      waits.push(took)
      await sleep(Math.max(0, everyMs - took))
    }
  })()
  reading.catch(() => {})
  return async () => {
    isOver = true
    await reading
    await client.close()
    return { reads: waits.length, p50Ms: quantile(waits, 0.5), p99Ms: quantile(waits, 0.99) }
  }
}
