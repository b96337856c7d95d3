import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { uploadFolder } from '../../devstack/bucket.ts'
import { addBackups } from '../../devstack/cluster/cluster-setup.ts'
import { withClient } from '../../devstack/with-client.ts'
import { stopStack } from '../../devstack/stop-stack.ts'
import { makeBare, startReusedCluster, type ReusedCluster } from '../kit/clusters/reused-cluster.ts'
import type { TestCluster } from '../kit/stack.ts'
import { applyObjects } from './apply-objects.ts'
import { startCaseWorker, workerSettings, type CaseWorker } from './case-worker.ts'
import type { CaseFile } from './golden-case.ts'
import type { Bench } from './parity-bench.ts'

/** A cluster with a worker in which one case after another is restored. */
interface Lane {
  dir: string
  reused: ReusedCluster
  worker?: CaseWorker | undefined
}

const free: Lane[] = []
const folders = new Set<string>()
let uses = 0

/** The folders of the clusters that run now. */
export function laneFolders(): string[] {
  return [...folders]
}

/**
 * Runs `use` while a worker with the settings of the case takes Restores from a cluster that is bare but for what the case starts
 * with. Both are those of an earlier case where there are any: the cluster has been made bare again, and the worker stays
 * where its settings are the same. A lane in which a case has failed is not used again.
 */
export async function inLane<T>(golden: CaseFile, bench: Bench, use: (cluster: TestCluster) => Promise<T>): Promise<T> {
  const lane = takeLane(golden) ?? (await startLane(bench))
  try {
    const cluster = await makeReady(lane, golden, bench)
    const used = await use(cluster)
    free.push(lane)
    return used
  } catch (error) {
    const said = lane.worker?.said() ?? 'nothing'
    await endLane(lane)
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nThe worker said:\n${said}`, {
      cause: error,
    })
  }
}

/** Ends all lanes that nobody uses. */
export async function endLanes(): Promise<void> {
  await Promise.all(free.splice(0).map(endLane))
}

/** The one whose worker has the right settings, or else any. */
function takeLane(golden: CaseFile): Lane | undefined {
  const right = free.findIndex(({ worker }) => worker?.settings === workerSettings(golden))
  return right === -1 ? free.pop() : free.splice(right, 1)[0]
}

async function startLane({ etcd }: Bench): Promise<Lane> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-parity-'))
  folders.add(dir)
  // Service accounts are admitted as in the clusters of the recorded restores.
  return { dir, reused: await startReusedCluster({ dir, etcd, serviceAccountAdmission: true }) }
}

async function endLane({ dir, worker }: Lane): Promise<void> {
  await worker?.end()
  await stopStack(dir)
  await rm(dir, { recursive: true, force: true })
  folders.delete(dir)
}

async function makeReady(lane: Lane, golden: CaseFile, bench: Bench): Promise<TestCluster> {
  lane.reused = await makeBare(lane.reused)
  const prefix = `parity-${process.pid}-${Date.now()}-${++uses}`
  const folder = fileURLToPath(new URL(`../fixtures/backups/${golden.backup}`, import.meta.url))
  await uploadFolder(bench.s3, folder, `${prefix}/backups/${golden.backup}/`)
  const bare = lane.reused.cluster
  await withClient(bare, (client) =>
    addBackups(client, { namespace: bare.veleroNamespace, location: { s3: bench.s3, prefix }, backups: [folder] }),
  )
  const cluster: TestCluster = { ...bare, s3: bench.s3, prefix, temporal: bench.temporal }
  await applyObjects(cluster, golden.objects ?? [])
  if (lane.worker?.settings !== workerSettings(golden)) {
    await lane.worker?.end()
    lane.worker = undefined
    lane.worker = await startCaseWorker(cluster, golden)
  }
  return cluster
}
