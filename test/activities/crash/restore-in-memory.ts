import { gzipSync } from 'node:zlib'
import { createActivities } from '../../../activities/index.ts'
import type { Activities } from '../../../activities/index.ts'
import type { Settings } from '../../../activities/settings.ts'
import type { AdmittedRef } from '../../../contract/restore-workflow.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { journalFolder } from '../../../velero/object-keys.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'
import { readConfig } from '../../../worker/config.ts'
import { startControllers } from '../../ports/controllers.ts'
import { createWorld } from '../../ports/world.ts'
import type { World, WorldState } from '../../ports/world.ts'
import { backupName, placeBackup } from './backup.ts'
import { runAttempts } from './run-attempts.ts'
import type { AnyActivities } from './run-attempts.ts'

/** The settings of the worker: its defaults, with no Velero server beside it. */
export const settings: Settings = {
  ...readConfig({}).settings,
  veleroControllers: 'off',
  features: ['EnableCSI'],
  lanes: 4,
  checkpointItems: 2,
}

/** Makes the activities of a process. */
export const create = (ports: Parameters<typeof createActivities>[0], set: Settings): AnyActivities =>
  createActivities(ports, set)

/** How far the restore has come: each stage is the one before it and one step more. */
export type Stage = 'new' | 'admitted' | 'planned' | { before: string } | 'restored' | 'concluded' | 'finalizing'

/** What is asked for, beside the backup. */
export interface Asked {
  spec?: RestoreSpec
  annotations?: Record<string, string>
  /** What stands in the cluster beside the usual. */
  standing?: readonly Manifest[]
}

/** Two commands in the pod, one after the other in one container, and one in the other container. */
const hooks = {
  resources: [
    {
      name: 'warm up',
      postHooks: [
        { exec: { container: 'app', command: ['load', 'cache'] } },
        { exec: { container: 'app', command: ['touch', 'ready'] } },
        { exec: { container: 'side', command: ['ping'], onError: 'Continue' as const } },
      ],
    },
  ],
}

/** What stands in the cluster before. */
const standing: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'velero' } },
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } },
  { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'fast' } },
  velero('BackupStorageLocation', 'default', {
    spec: { provider: 'aws', objectStorage: { bucket: 'backups' }, config: { region: 'here' } },
    status: { phase: 'Available' },
  }),
  { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'node-agent', namespace: 'velero' } },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'node-agent-1', namespace: 'velero', labels: { role: 'node-agent' } },
    spec: { nodeName: 'node-1', containers: [{ name: 'node-agent', image: 'velero' }] },
    status: { phase: 'Running' },
  },
]

/** The Restore that is run. */
export const name = 'again'

/** Its resource. */
export const restoreAt = { group: 'velero.io', version: 'v1', resource: 'restores', namespace: 'velero', name }

/** How activities name it, in any world of these tests: uids follow from places. */
export const ref: AdmittedRef = (() => {
  const { cluster } = newWorld({})
  const uid = cluster.look(restoreAt)?.metadata.uid ?? ''
  return { namespace: 'velero', name, uid, cluster: cluster.connect().id, location: 'default' }
})()

const made = new Map<string, Promise<WorldState>>()

/** The world in which the restore has come that far, by the activities themselves and with nothing going wrong. */
export function worldAt(stage: Stage, asked: Asked = {}): Promise<WorldState> {
  const key = JSON.stringify([stage, asked])
  const known = made.get(key) ?? makeWorldAt(stage, asked)
  made.set(key, known)
  return known
}

/** The same world with something changed in it. */
export async function changed(state: Promise<WorldState>, change: (world: World) => void): Promise<WorldState> {
  const world = createWorld(await state)
  change(world)
  return world.state()
}

async function makeWorldAt(stage: Stage, asked: Asked): Promise<WorldState> {
  const way = stepsTo(stage)
  if (way === undefined) return newWorld(asked).state()
  const world = createWorld(await worldAt(way.from, asked))
  startControllers(world)
  for (const { activity, input } of way.steps) await act(world, activity, input)
  return world.state()
}

/** Puts a shard into the journal. */
export function withShard(shard: string, content: unknown): (world: World) => void {
  const header = { restore: ref.name, uid: ref.uid, cluster: ref.cluster, shard }
  const body = gzipSync(JSON.stringify({ header, content }))
  return ({ buckets }) => buckets.place('backups', `${journalFolder(ref.name, ref.uid)}${shard}.json.gz`, body)
}

type Step = { [Name in keyof Activities]: { activity: Name; input: Parameters<Activities[Name]>[0] } }[keyof Activities]

/** The stage before, and what is done from there on. */
function stepsTo(stage: Stage): { from: Stage; steps: readonly Step[] } | undefined {
  if (typeof stage !== 'string') return stepsBefore(stage.before)
  switch (stage) {
    case 'new':
      return undefined
    case 'admitted':
      return { from: 'new', steps: [{ activity: 'admitRestore', input: { ref } }] }
    case 'planned':
      return { from: 'admitted', steps: [{ activity: 'planRestore', input: { ref } }] }
    case 'restored':
      return { from: { before: waves.at(-1) ?? '' }, steps: [chunkStep(waves.at(-1) ?? '')] }
    case 'concluded':
      return { from: 'restored', steps: [{ activity: 'concludeRestore', input: { ref, complete: true } }] }
    case 'finalizing':
      return {
        from: 'concluded',
        steps: [
          { activity: 'awaitPodVolumes', input: { ref, waves: [waves.indexOf('pods')] } },
          { activity: 'pollOperations', input: { ref, until: 'end', failed: 0 } },
          { activity: 'setPhase', input: { ref, phase: 'FinalizingPartiallyFailed' } },
        ],
      }
  }
}

/** All waves before that of a resource are restored. */
function stepsBefore(groupResource: string): { from: Stage; steps: readonly Step[] } {
  const former = waves[waves.indexOf(groupResource) - 1]
  return former === undefined
    ? { from: 'planned', steps: [] }
    : { from: { before: former }, steps: [chunkStep(former)] }
}

function chunkStep(groupResource: string): Step {
  return { activity: 'restoreChunk', input: chunkOf(groupResource) }
}

/** The resources of the plan, in order; each is one chunk. */
export const waves: readonly string[] = [
  'customresourcedefinitions.apiextensions.k8s.io',
  'namespaces',
  'datauploads.velero.io',
  'persistentvolumes',
  'persistentvolumeclaims',
  'serviceaccounts',
  'secrets',
  'configmaps',
  'pods',
  'gizmos.example.com',
]

/** The input of the chunk of a resource. */
export function chunkOf(groupResource: string) {
  return { ref, wave: waves.indexOf(groupResource), chunk: 0, resumed: false }
}

/** Runs an activity to its end with nothing going wrong, and returns its result. Throws what it failed with. */
export async function act<Result>(world: World, activity: string, input: unknown): Promise<Result> {
  const { outcome } = await runAttempts({ world, create, settings, activity, input })
  if ('failure' in outcome) throw new Error(`${activity}: ${outcome.failure.message}`)
  return outcome.result as Result
}

/** Says that the restore has come to this phase. */
export function inPhase(world: World, phase: string): void {
  world.cluster.amend(restoreAt, { status: { ...(world.cluster.look(restoreAt)?.['status'] as object), phase } })
}

function newWorld({ spec, annotations, standing: more = [] }: Asked): World {
  const world = createWorld()
  world.buckets.make('backups')
  for (const manifest of [...standing, ...more]) world.cluster.place(manifest)
  placeBackup(world)
  world.cluster.place({
    ...velero('Restore', name, { spec: { backupName, existingResourcePolicy: 'update', hooks, ...spec } }),
    metadata: { name, namespace: 'velero', ...(annotations === undefined ? {} : { annotations }) },
  })
  return world
}

function velero(kind: string, of: string, more: object): Manifest {
  return { apiVersion: 'velero.io/v1', kind, metadata: { name: of, namespace: 'velero' }, ...more }
}
