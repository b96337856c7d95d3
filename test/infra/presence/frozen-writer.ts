import { connectCluster } from '../../../infra/cluster/connect.ts'
import { systemClock } from '../../../infra/clock.ts'
import { startPresence, type RunningPresence } from '../../../infra/presence/presence.ts'
import { quietLog } from '../cluster/quiet-log.ts'

/**
 * A worker that writes as fast as it can, with a long line of writes waiting, and never gives up: run as a child
 * process, it is frozen and woken. `GUARD=off` takes rule 7 away from it.
 */
const [kubeconfig, worker, scope] = process.argv.slice(2) as [string, string, string]
let presence: RunningPresence | undefined
const connection = await connectCluster({
  kubeconfig,
  log: quietLog(),
  requestTimeoutSeconds: 4,
  connectionsMax: 4,
  ...(process.env['GUARD'] === 'off' ? {} : { assertMayWrite: () => presence?.assertMayWrite() }),
})
presence = await startPresence({ connection, namespace: 'velero', worker, log: quietLog(), clock: systemClock })
presence.begin(scope)
process.stdout.write('writing\n')

let next = 0
let refused = 0
await Promise.all(
  Array.from({ length: 300 }, async () => {
    for (;;) {
      const name = `${worker}-${(next += 1)}`
      const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } }
      try {
        await connection.cluster.create({ group: '', version: 'v1', resource: 'configmaps' }, 'default', manifest, {
          fieldManager: worker,
        })
      } catch (error) {
        refused += 1
        if (refused === 1) process.stdout.write(`refused ${String(error)}\n`)
        await systemClock.sleep(100)
      }
      await systemClock.sleep(20)
    }
  }),
)
