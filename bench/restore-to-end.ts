import { withClient } from '../devstack/with-client.ts'
import type { ClusterAddress } from '../devstack/stack-types.ts'
import { isTerminal } from '../velero/phases.ts'
import type { Restore, RestoreSpec } from '../velero/restore.ts'
import { watchObjects } from './observe/watch-objects.ts'

const path = '/apis/velero.io/v1/namespaces/velero/restores'
const deadlineMs = 40 * 60_000

/**
 * Creates a Restore and waits for its terminal phase, by a watch: that costs less than to ask again and again, and no time is lost. Throws
 * unless it ends `Completed`.
 */
export async function restoreToEnd(
  cluster: ClusterAddress,
  spec: RestoreSpec,
  { signal, name = 'bench' }: { signal: AbortSignal; name?: string },
): Promise<Restore> {
  let restore: Restore | undefined
  await withClient(cluster, async (client) => {
    const metadata = { name, namespace: 'velero' }
    const made = await client.must('POST', path, { apiVersion: 'velero.io/v1', kind: 'Restore', metadata, spec })
    restore = made.body as Restore
  })
  const stop = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
  while (!isTerminal(restore?.status?.phase)) {
    stop.throwIfAborted()
    const from = {
      path,
      resourceVersion: restore?.metadata.resourceVersion ?? '',
      fieldSelector: `metadata.name=${name}`,
    }
    const watch = await watchObjects(cluster, from, (object) => {
      restore = object as unknown as Restore
      return isTerminal(restore.status?.phase) ? 'stop' : 'go on'
    })
    const halt = () => void watch.stop()
    stop.addEventListener('abort', halt, { once: true })
    await watch.ended
    stop.removeEventListener('abort', halt)
  }
  if (restore?.status?.phase === 'Completed') return restore
  throw new Error(`the restore ended ${JSON.stringify(restore?.status)}`)
}
