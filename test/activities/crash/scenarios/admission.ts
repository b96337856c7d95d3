import { gzipSync } from 'node:zlib'
import { noJournal } from '../../../../core/request/decide-retry.ts'
import { restartFailureReason } from '../../../../velero/defaults.ts'
import { restoreResourceListKey, restoreResultsKey } from '../../../../velero/object-keys.ts'
import type { Metadata } from '../../../../velero/manifest.ts'
import type { RestorePhase } from '../../../../velero/phases.ts'
import { startControllers } from '../../../ports/controllers.ts'
import { createWorld } from '../../../ports/world.ts'
import type { World, WorldState } from '../../../ports/world.ts'
import type { Purpose, Scenario } from '../crash-points.ts'
import { changed, create, ref, restoreAt, settings, worldAt } from '../restore-in-memory.ts'
import { runAttempts } from '../run-attempts.ts'
import { ask } from './locks.ts'

/** Sets the status of the Restore, as Velero's server does, or as somebody else does. */
const withStatus = (status: object) => (world: World) =>
  world.cluster.amend(restoreAt, { status: { ...(world.cluster.look(restoreAt)?.['status'] as object), ...status } })

const swept = withStatus({
  phase: 'Failed',
  failureReason: restartFailureReason,
  completionTimestamp: '2026-01-02T03:04:06Z',
})

/** Somebody has put annotations onto it. */
const asked =
  (annotations: Record<string, string>) =>
  ({ cluster }: World) => {
    const metadata = cluster.look(restoreAt)?.metadata
    cluster.amend(restoreAt, { metadata: { ...metadata, annotations: { ...metadata?.annotations, ...annotations } } })
  }

const left = (phase: RestorePhase) => withStatus({ phase, startTimestamp: '2026-01-02T03:00:00Z' })

/** Velero has restored a claim and then gone away. */
function leftByVelero(world: World): void {
  left('Finalizing')(world)
  const put = (key: string, content: object) => world.buckets.place('backups', key, gzipSync(JSON.stringify(content)))
  put(restoreResultsKey(ref.name), { errors: {}, warnings: { namespaces: { shop: ['it was late'] } } })
  put(restoreResourceListKey(ref.name), { 'v1/PersistentVolumeClaim': ['shop/data(created)'] })
  world.cluster.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  world.cluster.place({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'shop', labels: { 'velero.io/restore-name': ref.name } },
  })
}

const noLocation = {
  group: 'velero.io',
  version: 'v1',
  resource: 'backupstoragelocations',
  namespace: 'velero',
  name: 'default',
}
const input = { ref }

/** The restore is over, and somebody asks for a retry. */
const over = (phase: RestorePhase) => (world: World) => {
  withStatus({ phase, completionTimestamp: '2026-01-02T03:05:00Z', errors: 1 })(world)
  const { metadata } = world.cluster.look(restoreAt) ?? { metadata: {} }
  world.cluster.amend(restoreAt, {
    metadata: { ...metadata, annotations: { ...(metadata as Metadata).annotations, 'drydock.io/retry': 'one' } },
  })
}

/** The workflow waits for the attempts of earlier runs where it is told that there may be some. */
const mayBeResumed: Purpose = {
  because: 'a restore that an earlier attempt has begun counts as resumed',
  forgive: (end, undisturbed, happened) => {
    const outcome = JSON.stringify(end.outcome).replace('"resumed":true', '"resumed":false')
    const isSame = happened.length > 0 && outcome === JSON.stringify(undisturbed.outcome)
    return isSame ? { ...end, outcome: undisturbed.outcome } : end
  },
}

/** The plan of such a restore is empty, so nothing depends on it. */
const hasNoItems: Purpose = {
  because: 'a restore that was taken over and is resumed says that its items are through',
  forgive: (end, undisturbed) => {
    const outcome = JSON.stringify(end.outcome).replace(',"itemsAreThrough":true', '')
    return outcome === JSON.stringify(undisturbed.outcome) ? { ...end, outcome: undisturbed.outcome } : end
  },
}

export const admitRestore: readonly Scenario[] = [
  { when: 'nobody has begun it', world: () => worldAt('new'), input, onPurpose: [mayBeResumed] },
  {
    when: 'it is not valid',
    world: () => worldAt('new', { spec: { backupName: 'none' } }),
    input,
  },
  {
    when: 'its location has no bucket',
    world: () =>
      changed(worldAt('new'), ({ cluster }) =>
        cluster.amend(noLocation, {
          spec: { provider: 'aws', objectStorage: { bucket: 'none' }, config: { region: 'here' } },
        }),
      ),
    input,
  },
  { when: 'an earlier run has begun it', world: () => worldAt('restored'), input },
  { when: 'it is given up after its claim', world: () => worldAt('admitted'), input: { ref, onlyClaimed: true } },
  { when: 'it is given up before its claim', world: () => worldAt('new'), input: { ref, onlyClaimed: true } },
  { when: 'it is to be retried', world: () => changed(worldAt('finalizing'), over('PartiallyFailed')), input },
  {
    when: 'it was cancelled and is to be retried',
    world: () => changed(worldAt({ before: 'pods' }), over('Failed')),
    input,
  },
  {
    when: 'it failed without a plan and is to be retried',
    world: () => changed(worldAt('admitted'), over('Failed')),
    input,
  },
  {
    when: 'its journal could not be written and it is to be retried',
    world: () =>
      changed(worldAt('new'), (world) => {
        withStatus({ failureReason: `${noJournal} to location "default"` })(world)
        over('Failed')(world)
      }),
    input,
    onPurpose: [mayBeResumed],
  },
  {
    when: 'it is completed and is to be retried',
    world: () => changed(worldAt('finalizing'), over('Completed')),
    input,
  },
  {
    when: 'an earlier run has begun it, and it is cancelled and paused',
    world: () => changed(worldAt('restored'), asked({ 'drydock.io/pause': 'lunch', 'drydock.io/cancel': 'enough' })),
    input,
  },
  { when: 'a starting Velero server has swept it', world: () => changed(worldAt('restored'), swept), input },
  { when: 'Velero has left it in progress', world: () => changed(worldAt('new'), left('InProgress')), input },
  {
    when: 'Velero has left it in progress and it is to be carried on',
    world: () => changed(worldAt('new', { annotations: { 'drydock.io/adopt': 'true' } }), left('InProgress')),
    input,
    onPurpose: [mayBeResumed],
  },
  {
    when: 'Velero has left it to be finalized',
    world: () => changed(worldAt('new'), leftByVelero),
    input,
    onPurpose: [hasNoItems],
  },
  {
    when: 'Velero has left it to be finalized and its backup is gone',
    world: () => changed(worldAt('new', { spec: { backupName: 'none' } }), left('Finalizing')),
    input,
  },
  {
    when: "Velero's own controllers are on",
    world: () => worldAt('new'),
    input,
    settings: { veleroControllers: 'on' },
  },
]

export const putBackPhase: readonly Scenario[] = [
  {
    when: 'a starting Velero server has swept it and cancels its volume operations',
    world: () => changed(worldAt('restored'), swept),
    input: { ref, phase: 'InProgress' },
    beside: ({ clock, cluster }) => {
      const orders = cluster.objects().filter(({ kind }) => kind === 'DataDownload' || kind === 'PodVolumeRestore')
      for (const { kind, metadata, ...order } of orders)
        clock.later(600, () =>
          cluster.amend(
            kind === 'DataDownload'
              ? {
                  group: 'velero.io',
                  version: 'v2alpha1',
                  resource: 'datadownloads',
                  namespace: 'velero',
                  name: metadata.name,
                }
              : {
                  group: 'velero.io',
                  version: 'v1',
                  resource: 'podvolumerestores',
                  namespace: 'velero',
                  name: metadata.name,
                },
            { spec: { ...(order['spec'] as object), cancel: true } },
          ),
        )
    },
  },
]

export const readLevels: readonly Scenario[] = [
  {
    when: 'somebody has paused it',
    world: () => changed(worldAt('planned'), asked({ 'drydock.io/pause': 'lunch' })),
    input,
  },
  { when: 'it is gone', world: () => changed(worldAt('planned'), ({ cluster }) => cluster.drop(restoreAt)), input },
]

export const notePause: readonly Scenario[] = [
  { when: 'it was paused by signal', world: () => worldAt('planned'), input: { ref, because: 'lunch' } },
  {
    when: 'the pause is over',
    world: () => changed(worldAt('planned'), asked({ 'drydock.io/pause': 'lunch' })),
    input,
  },
]

export const noteCancel: readonly Scenario[] = [
  { when: 'it was cancelled by signal', world: () => worldAt('planned'), input: { ref, because: 'enough' } },
  { when: 'it is over', world: () => changed(worldAt('planned'), over('Failed')), input: { ref, because: 'enough' } },
  {
    when: 'its next run has begun',
    world: () => changed(worldAt('planned'), asked({ 'drydock.io/run': '2' })),
    input: { ref, because: 'enough' },
  },
  {
    when: 'it is gone',
    world: () => changed(worldAt('planned'), ({ cluster }) => cluster.drop(restoreAt)),
    input: { ref, because: 'enough' },
  },
]

/** A retry has begun: the plan stands, and its facts are to be gathered again. */
async function retriedWorld(): Promise<WorldState> {
  const world = createWorld(await changed(worldAt('finalizing'), over('PartiallyFailed')))
  await runAttempts({ world, create, settings, activity: 'admitRestore', input })
  return world.state()
}

export const planRestore: readonly Scenario[] = [
  {
    when: 'a retry has its plan from the run before',
    world: retriedWorld,
    input: { ref: { ...ref, run: 2 } },
  },
  {
    when: 'it is planned for the first time',
    world: () => worldAt('admitted'),
    input,
    beside: (world) => startControllers(world),
  },
  { when: 'its plan stands', world: () => worldAt('planned'), input },
  {
    when: 'it is planned for the first time, and asks for its namespaces at once',
    world: () => worldAt('admitted'),
    input: { ...input, ask },
  },
  {
    when: 'the backup has no item that is asked for',
    world: () => worldAt('admitted', { spec: { includedNamespaces: ['none'] } }),
    input,
  },
]
