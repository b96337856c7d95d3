import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '../devstack/cluster/cluster.ts'
import { stopStack } from '../devstack/stop-stack.ts'
import type { FullStack } from '../devstack/stack-types.ts'
import { fixture } from './fixture.ts'
import { measureRestore } from './measure-restore.ts'
import type { Measurement } from './measure-restore.ts'

/** Restores bulk5k by the real Velero server into a fresh cluster. */
export async function measureVelero(
  stack: FullStack,
  options: { name: string; flags: string[] },
): Promise<Measurement> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-bench-velero-'))
  try {
    const cluster = await startCluster({
      dir,
      location: { s3: stack.s3 },
      backups: [fixture('backups/bulk5k')],
      with: ['velero'],
      veleroFlags: options.flags,
    })
    return await measureRestore(cluster, options.name)
  } finally {
    await stopStack(dir)
    rmSync(dir, { recursive: true, force: true })
  }
}
