import { systemClock } from '../../../infra/clock.ts'
import { connectWriter } from './connect-writer.ts'

/** A worker that creates one ConfigMap, with the deadlines of the real one: run as a child process, it is frozen and woken. */
const { connection, worker } = await connectWriter('long')
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
