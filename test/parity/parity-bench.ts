import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { uploadFolder } from '../../devstack/bucket.ts'
import { startCluster } from '../../devstack/cluster.ts'
import { openHome } from '../../devstack/home.ts'
import { startExtraServices } from '../../devstack/services/extra-services.ts'
import type { FullStack } from '../../devstack/stack-types.ts'
import { stopStack } from '../../devstack/stop-stack.ts'
import type { TestCluster } from '../kit/stack.ts'
import { applyObjects } from './apply-objects.ts'
import type { CaseFile } from './golden-case.ts'

/** The servers that all cases share: Temporal, the bucket, and an etcd in which each case has its own cluster. */
export type Bench = Pick<FullStack, 's3' | 'temporal' | 'etcd'>

let clusters = 0
const running = new Set<string>()

/** The folders of the clusters that run now. */
export function caseFolders(): string[] {
  return [...running]
}

/** Runs `use` beside real Velero with these flags, in a fresh cluster in which everything stands that the case starts with. */
export async function withVelero<T>(
  golden: CaseFile,
  { bench, flags }: { bench: Bench; flags: readonly string[] },
  use: (cluster: TestCluster) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-parity-'))
  const prefix = `parity-${process.pid}-${Date.now()}-${++clusters}`
  const folder = fileURLToPath(new URL(`../fixtures/backups/${golden.backup}`, import.meta.url))
  running.add(dir)
  try {
    await uploadFolder(bench.s3, folder, `${prefix}/backups/${golden.backup}/`)
    const bare = await startCluster({
      dir,
      etcd: { address: bench.etcd, prefix: `/${prefix}` },
      location: { s3: bench.s3, prefix },
      backups: [folder],
      // As in the clusters of the recorded restores.
      serviceAccountAdmission: true,
    })
    const cluster: TestCluster = { ...bare, s3: bench.s3, prefix, temporal: bench.temporal }
    await applyObjects(cluster, golden.objects ?? [])
    // Velero learns of new kinds only every five minutes, so it starts when they are all there.
    const veleroPlugins = golden.demoPlugin === true ? (['velero-demo-plugin'] as const) : []
    await startExtraServices(openHome(dir), bare, { with: ['velero'], veleroFlags: flags, veleroPlugins })
    return await use(cluster)
  } catch (error) {
    const log = join(dir, 'logs', 'velero.log')
    if (!existsSync(log)) throw error
    const end = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-10).join('\n')
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nVelero said:\n${end}`, { cause: error })
  } finally {
    await stopStack(dir)
    await rm(dir, { recursive: true, force: true })
    running.delete(dir)
  }
}
