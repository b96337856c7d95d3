import { systemClock } from '../../../infra/clock.ts'
import { connectCluster } from '../../../infra/cluster/connect.ts'
import type { ClusterConnection } from '../../../infra/cluster/connect.ts'
import { startPresence, type RunningPresence } from '../../../infra/presence/presence.ts'
import { quietLog } from '../cluster/quiet-log.ts'

/**
 * Connects a worker of a test to the cluster, with the deadlines of the real one, and begins its work: the arguments of the
 * process are the kubeconfig, the worker's name and the scope. Its writes are guarded by rule 7, or not; with `long` one may
 * take as long as the API server lets it.
 */
export async function connectWriter(
  writes: 'unguarded' | 'short' | 'long',
): Promise<{ connection: ClusterConnection; worker: string }> {
  const [kubeconfig, worker, scope] = process.argv.slice(2) as [string, string, string]
  let presence: RunningPresence | undefined
  const holdLongWrite = async () => {
    if (presence === undefined) throw new Error('there is no Lease')
    return presence.holdLongWrite()
  }
  const connection = await connectCluster({
    kubeconfig,
    log: quietLog(),
    requestTimeoutSeconds: 4,
    connectionsMax: 4,
    ...(writes === 'unguarded' ? {} : { assertMayWrite: () => presence?.assertMayWrite() }),
    ...(writes === 'long' ? { holdLongWrite } : {}),
  })
  presence = await startPresence({ connection, namespace: 'velero', worker, log: quietLog(), clock: systemClock })
  presence.begin(scope)
  return { connection, worker }
}
