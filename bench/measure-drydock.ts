import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '../devstack/cluster/cluster.ts'
import { stopStack } from '../devstack/stop-stack.ts'
import type { FullStack } from '../devstack/stack-types.ts'
import { startWorkerProcess } from '../devstack/processes/worker-process.ts'
import { fixture } from './fixture.ts'
import { measureRestore } from './measure-restore.ts'
import type { Measurement } from './measure-restore.ts'

/** Restores bulk5k by a fresh worker into a fresh cluster. */
export async function measureDrydock(
  stack: FullStack,
  options: { managedFields: 'exact' | 'owners' },
): Promise<Measurement> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-bench-cluster-'))
  try {
    const cluster = await startCluster({ dir, location: { s3: stack.s3 }, backups: [fixture('backups/bulk5k')] })
    const worker = await startWorkerProcess({
      env: { ...stack.env, KUBECONFIG: cluster.kubeconfig, DRYDOCK_MANAGED_FIELDS: options.managedFields },
      logFile: join(dir, 'worker.log'),
      archiveDir: join(dir, 'archives'),
    })
    try {
      return await measureRestore(cluster, `Drydock, managed fields ${options.managedFields}`)
    } finally {
      await worker.stop()
    }
  } finally {
    await stopStack(dir)
    rmSync(dir, { recursive: true, force: true })
  }
}
