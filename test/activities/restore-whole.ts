import { gunzipSync, gzipSync } from 'node:zlib'
import { createActivities } from '../../activities/index.ts'
import type { ChunkInput, ChunkReport } from '../../activities/items/restore-chunk.ts'
import type { Plugins, Ports } from '../../activities/ports.ts'
import type { Settings } from '../../activities/settings.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { OperationCounts } from '../../core/operations/operations.ts'
import type { PlanSummary } from '../../core/plan/plan.ts'
import type { Manifest } from '../../velero/manifest.ts'
import {
  backupContentsKey,
  backupVolumeInfoKey,
  backupVolumeSnapshotsKey,
  restoreLogKey,
  restoreResourceListKey,
  restoreResultsKey,
  restoreVolumeInfoKey,
} from '../../velero/object-keys.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import type { ResourceList, Results } from '../../velero/results.ts'
import type { BackupVolumeInfo, NativeSnapshot, RestoreVolumeInfo } from '../../velero/volume-info.ts'
import { archiveBody } from '../ports/archives.ts'
import { startControllers } from '../ports/controllers.ts'
import type { FaultPlan } from '../ports/faults.ts'
import { createWorld } from '../ports/world.ts'
import type { World } from '../ports/world.ts'
import { settings } from './crash/restore-in-memory.ts'
import { runAttempts } from './crash/run-attempts.ts'

/** A backup and what is asked of it. */
export interface Whole {
  /** Its items, by the resource whose folder they are in; a text stands for a file that is no object. */
  items: Readonly<Record<string, readonly (Manifest | { namespace?: string; name: string; text: string })[]>>
  infos?: readonly Partial<BackupVolumeInfo>[]
  snapshots?: readonly NativeSnapshot[]
  backupSpec?: object
  spec?: RestoreSpec
  annotations?: Record<string, string>
  settings?: Partial<Settings>
  /** Stands in the cluster before. */
  standing?: readonly Manifest[]
  /** Hosted by the worker. Then the operations are looked at once. */
  plugins?: Plugins
  /** What goes wrong in the attempts of each chunk, from 1. */
  faults?: (attempt: number) => FaultPlan
  /** Runs before the restore is admitted. */
  before?: (world: World) => void
  /** Runs after the plan was made, before anything is written. */
  afterPlan?: (world: World) => void
  /** Runs after each wave. */
  afterWave?: (wave: { groupResource: string; world: World }) => void
}

/** What a restore came to. */
export interface WholeRestored {
  world: World
  results: Results
  list: ResourceList
  log: string
  volumeInfos: readonly RestoreVolumeInfo[]
  operations: OperationCounts | undefined
}

/** Admits, plans, restores chunk after chunk and writes the result files, by the activities, in memory; no second chances. */
export async function restoreWhole(whole: Whole): Promise<WholeRestored> {
  const world = createWorld()
  place(world, whole)
  startControllers(world)
  const uid = world.cluster.look(restoreAt)?.metadata.uid ?? ''
  const ref: AdmittedRef = { ...named, uid, cluster: world.cluster.connect().id, location: 'default' }
  const act = <Result>(activity: string, input: unknown) => actOn<Result>({ world, activity, input, whole })
  whole.before?.(world)
  await act('admitRestore', { ref })
  const plan = await act<PlanSummary>('planRestore', { ref })
  whole.afterPlan?.(world)
  const refused: string[] = []
  for (const [wave, { groupResource, chunks }] of plan.waves.entries()) {
    for (const chunk of chunks.keys()) {
      const input: ChunkInput = { ref, wave, chunk, resumed: false, refused }
      refused.push(...((await act<ChunkReport>('restoreChunk', input)).refused ?? []))
    }
    whole.afterWave?.({ groupResource, world })
  }
  const poll = { ref, until: 'once', failed: 0 }
  const operations = whole.plugins === undefined ? undefined : await act<OperationCounts>('pollOperations', poll)
  await act('concludeRestore', { ref, complete: true })
  const read = (key: string) => gunzipSync(world.buckets.objects('backups').get(key) ?? '').toString('utf8')
  return {
    world,
    results: JSON.parse(read(restoreResultsKey(named.name))) as Results,
    list: JSON.parse(read(restoreResourceListKey(named.name))) as ResourceList,
    log: read(restoreLogKey(named.name)),
    volumeInfos: JSON.parse(read(restoreVolumeInfoKey(named.name))) as RestoreVolumeInfo[],
    operations,
  }
}

const named = { namespace: 'velero', name: 'again' }
const restoreAt = { group: 'velero.io', version: 'v1', resource: 'restores', ...named }

interface Act {
  world: World
  activity: string
  input: unknown
  whole: Whole
}

async function actOn<Result>({ world, activity, input, whole }: Act): Promise<Result> {
  const { plugins, faults } = whole
  const given = { ...settings, ...whole.settings }
  const hosting = (ports: Ports, set: Settings) =>
    createActivities(plugins === undefined ? ports : { ...ports, plugins }, set)
  const create = hosting as unknown as Parameters<typeof runAttempts>[0]['create']
  const failing = activity === 'restoreChunk' && faults !== undefined ? { faults } : {}
  const { outcome } = await runAttempts({ world, create, settings: given, activity, input, ...failing })
  if ('failure' in outcome) throw new Error(`${activity}: ${outcome.failure.message}`)
  return outcome.result as Result
}

function place(
  { buckets, cluster }: World,
  { items, infos = [], snapshots = [], backupSpec, spec, annotations, standing = [] }: Whole,
): void {
  buckets.make('backups')
  const archived = Object.entries(items).flatMap(([groupResource, ones]) =>
    ones.map((manifest) => ({ groupResource, manifest })),
  )
  buckets.place('backups', backupContentsKey('all'), archiveBody(archived))
  buckets.place('backups', backupVolumeInfoKey('all'), gzipSync(JSON.stringify(infos)))
  buckets.place('backups', backupVolumeSnapshotsKey('all'), gzipSync(JSON.stringify(snapshots)))
  cluster.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'velero' } })
  for (const manifest of standing) cluster.place(manifest)
  const velero = (kind: string, name: string, more: object) =>
    cluster.place({ apiVersion: 'velero.io/v1', kind, metadata: { name, namespace: 'velero' }, ...more })
  velero('BackupStorageLocation', 'default', {
    spec: { provider: 'aws', objectStorage: { bucket: 'backups' }, config: { region: 'here' } },
    status: { phase: 'Available' },
  })
  velero('Backup', 'all', {
    spec: { storageLocation: 'default', ...backupSpec },
    status: { phase: 'Completed', formatVersion: '1.1.0' },
  })
  cluster.place({
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { ...named, annotations: { 'drydock.io/second-chances': 'false', ...annotations } },
    spec: { backupName: 'all', ...spec },
  })
}
