import { gzipSync } from 'node:zlib'
import { restartFailureReason } from '../../../../velero/defaults.ts'
import { restoreResourceListKey, restoreResultsKey } from '../../../../velero/object-keys.ts'
import type { RestorePhase } from '../../../../velero/phases.ts'
import { startControllers } from '../../../ports/controllers.ts'
import type { World } from '../../../ports/world.ts'
import type { Purpose, Scenario } from '../crash-points.ts'
import { changed, ref, restoreAt, worldAt } from '../restore-in-memory.ts'

/** Sets the status of the Restore, as Velero's server does, or as somebody else does. */
const withStatus = (status: object) => (world: World) =>
  world.cluster.amend(restoreAt, { status: { ...(world.cluster.look(restoreAt)?.['status'] as object), ...status } })

const swept = withStatus({
  phase: 'Failed',
  failureReason: restartFailureReason,
  completionTimestamp: '2026-01-02T03:04:06Z',
})

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

export const planRestore: readonly Scenario[] = [
  {
    when: 'it is planned for the first time',
    world: () => worldAt('admitted'),
    input,
    beside: (world) => startControllers(world),
  },
  { when: 'its plan stands', world: () => worldAt('planned'), input },
  {
    when: 'the backup has no item that is asked for',
    world: () => worldAt('admitted', { spec: { includedNamespaces: ['none'] } }),
    input,
  },
]
