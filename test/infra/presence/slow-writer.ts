import { systemClock } from '../../../infra/clock.ts'
import { connectCluster } from '../../../infra/cluster/connect.ts'
import { startPresence, type RunningPresence } from '../../../infra/presence/presence.ts'
import { quietLog } from '../cluster/quiet-log.ts'

/** A worker that creates one ConfigMap, with the deadlines of the real one: run as a child process, it is frozen and woken. */
const [kubeconfig, worker, scope] = process.argv.slice(2) as [string, string, string]
let presence: RunningPresence | undefined
const connection = await connectCluster({
  kubeconfig,
  log: quietLog(),
  requestTimeoutSeconds: 4,
  connectionsMax: 4,
  assertMayWrite: () => presence?.assertMayWrite(),
  holdLongWrite: async () => {
    if (presence === undefined) throw new Error('there is no Lease')
    return presence.holdLongWrite()
  },
})
presence = await startPresence({ connection, namespace: 'velero', worker, log: quietLog(), clock: systemClock })
presence.begin(scope)
const manifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: worker, namespace: 'default', labels: { webhook: 'slow' } },
}
await connection.cluster.create({ group: '', version: 'v1', resource: 'configmaps' }, 'default', manifest, {
  fieldManager: worker,
})
process.stdout.write('written\n')
await systemClock.sleep(600_000)
