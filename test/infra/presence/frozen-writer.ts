import { systemClock } from '../../../infra/clock.ts'
import { connectWriter } from './connect-writer.ts'

/**
 * A worker that writes as fast as it can, with a long line of writes waiting, and never gives up: run as a child
 * process, it is frozen and woken. `GUARD=off` takes rule 7 away from it. On SIGUSR2 it freezes itself between two
 * steps of its event loop: a freeze from outside may hit the microseconds between the look at the Lease and the system
 * call that sends the write, and that one write is then sent on waking (rule 7 says so).
 */
process.on('SIGUSR2', () => process.kill(process.pid, 'SIGSTOP'))
const { connection, worker } = await connectWriter(process.env['GUARD'] === 'off' ? 'unguarded' : 'short')
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
