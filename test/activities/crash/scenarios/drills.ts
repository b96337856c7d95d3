import type { DrillRun } from '../../../../activities/drill/drill-input.ts'
import { drillRecordOf } from '../../../../core/drill/drill-record.ts'
import { scratchNamespace } from '../../../../core/drill/scratch-namespace.ts'
import {
  fromSnapshotAnnotation,
  requestedByAnnotation,
  restoreNameLabel,
  scheduleNameLabel,
} from '../../../../velero/labels.ts'
import { backupContentsKey, drillFolder, restoreReportKey } from '../../../../velero/object-keys.ts'
import { drillRequest } from '../../../core/drill/builders.ts'
import { startControllers } from '../../../ports/controllers.ts'
import type { World } from '../../../ports/world.ts'
import { backupName } from '../backup.ts'
import type { Scenario } from '../crash-points.ts'
import { changed, name, ref, restoreAt, worldAt } from '../restore-in-memory.ts'

const request = { ...drillRequest, cluster: ref.cluster, keep: 2 }
const run: DrillRun = { request, restore: name, at: '2026-01-01T03:00:00.000Z' }
const backup = { name: backupName, location: 'default' }
const requestId = 'drill/nightly/run-1'
const owner = { namespace: 'velero', drill: request.name, restore: name, at: run.at }

const velero = (resource: string, of: string) => ({
  group: 'velero.io',
  version: 'v1',
  resource,
  namespace: 'velero',
  name: of,
})

/** A Schedule of Velero, whose backup is the one that stands there. */
function scheduled(world: World): void {
  world.cluster.place({
    apiVersion: 'velero.io/v1',
    kind: 'Schedule',
    metadata: { name: 'nightly', namespace: 'velero' },
    spec: { template: { storageLocation: 'default' } },
  })
  const metadata = world.cluster.look(velero('backups', backupName))?.metadata
  world.cluster.amend(velero('backups', backupName), {
    metadata: { ...metadata, labels: { [scheduleNameLabel]: 'nightly' } },
    status: { phase: 'Completed', startTimestamp: '2026-01-01T01:00:00Z' },
  })
}

const world = (change: (world: World) => void = () => undefined, stage: 'new' | 'concluded' = 'new') =>
  changed(worldAt(stage), (made) => {
    scheduled(made)
    change(made)
  })

export const chooseDrillBackup: readonly Scenario[] = [
  { when: 'its schedule has a backup', world: () => world(), input: run },
  {
    when: 'Velero restores itself',
    world: () => world(),
    input: run,
    settings: { veleroControllers: 'on' },
  },
  {
    when: 'its tarball is gone',
    world: () => world(({ buckets }) => buckets.drop('backups', backupContentsKey(backupName))),
    input: run,
  },
  {
    when: 'its schedule has none',
    world: () => world(({ cluster }) => cluster.drop(velero('backups', backupName))),
    input: run,
  },
]

const making = { ...run, backup, mapping: { shop: 'scratch-shop', other: 'scratch-other' } }

export const makeScratch: readonly Scenario[] = [
  { when: 'none of its namespaces is there', world: () => world(), input: making },
  {
    when: 'one of them is somebody else’s',
    world: () =>
      world(
        ({ cluster }) =>
          void cluster.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'scratch-other' } }),
      ),
    input: making,
  },
]

const keeping = { ...run, ref, location: 'default', patienceSeconds: 60 }

export const keepDrillReport: readonly Scenario[] = [
  {
    when: 'the restore has a report',
    world: () =>
      world(({ buckets }) => buckets.place('backups', restoreReportKey(name), Buffer.from('<html>')), 'concluded'),
    input: keeping,
  },
  {
    when: 'the Restore was deleted',
    world: () => world(({ cluster }) => cluster.drop(restoreAt), 'concluded'),
    input: keeping,
  },
]

/** Says that the drill has asked for the Restore. */
function asked({ cluster }: World): void {
  const metadata = cluster.look(restoreAt)?.metadata
  cluster.amend(restoreAt, {
    metadata: { ...metadata, annotations: { ...metadata?.annotations, [requestedByAnnotation]: requestId } },
  })
}

const removing = { ...run, requestId, patienceSeconds: 600 }

export const removeDrillRestore: readonly Scenario[] = [
  { when: 'it is the drill’s', world: () => world(asked), input: removing },
  { when: 'somebody else has made it', world: () => world(), input: removing },
]

/** Puts scratch namespaces there, and a volume that came with a claim. */
function scratch({ cluster }: World): void {
  for (const one of ['scratch-shop', 'scratch-other']) cluster.place(scratchNamespace(one, owner, undefined))
  cluster.place({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv-scratch', labels: { [restoreNameLabel]: name } },
    spec: { persistentVolumeReclaimPolicy: 'Retain', claimRef: { namespace: 'scratch-shop', name: 'data' } },
  })
}

/** Puts a claim into a scratch namespace, and the volumes that a provisioner and this restore have made, and one that stood there. */
function bound(made: World): void {
  scratch(made)
  const claim = made.cluster.place({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'scratch-shop' },
  })
  const claimRef = { namespace: 'scratch-shop', name: 'data', uid: claim.metadata.uid }
  const annotations = { 'pv.kubernetes.io/provisioned-by': 'csi.example.com' }
  for (const metadata of [
    { name: `pvc-${claim.metadata.uid}`, annotations },
    { name: 'from-snapshot', annotations: { [fromSnapshotAnnotation]: ref.uid } },
    { name: 'stood-there' },
  ])
    made.cluster.place({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata,
      spec: { persistentVolumeReclaimPolicy: 'Retain', claimRef },
    })
}

/** The same, where the namespace with the claim is somebody else's: the drill was refused. */
function foreign(made: World): void {
  bound(made)
  made.cluster.amend(
    { group: '', version: 'v1', resource: 'namespaces', name: 'scratch-shop' },
    { metadata: { name: 'scratch-shop' } },
  )
}

const owning = { ...run, scratch: ['scratch-shop', 'scratch-other'], restoreUid: ref.uid }

export const ownDrillVolumes: readonly Scenario[] = [
  { when: 'claims have volumes', world: () => world(bound), input: owning },
  { when: 'there are no claims', world: () => world(scratch), input: owning },
  { when: 'the namespace is somebody else’s', world: () => world(foreign), input: owning },
]

export const removeScratch: readonly Scenario[] = [
  {
    when: 'there are namespaces and a volume',
    world: () => world(scratch),
    input: { ...run, scratch: ['scratch-shop', 'scratch-other'], patienceSeconds: 600 },
    beside: (made) => startControllers(made, ['Namespace']),
  },
]

const ended = (because?: string) => ({
  ...run,
  location: 'default',
  record: drillRecordOf({
    drill: request.name,
    at: run.at,
    backup: backupName,
    restore: name,
    outcome: { phase: 'Completed', items: 3, warnings: 0, errors: 0 },
    because,
    left: [],
  }),
})

export const tellDrill: readonly Scenario[] = [
  { when: 'it succeeded', world: () => world(), input: ended() },
  { when: 'it failed', world: () => world(), input: ended('the tarball is damaged') },
]

/** Puts records of earlier drills there: more than are kept. */
function earlier({ buckets }: World): void {
  for (const stamp of ['20251229030000', '20251230030000', '20251231030000'])
    for (const end of ['json', 'html'])
      buckets.place('backups', `${drillFolder(request)}${stamp}.${end}`, Buffer.from('{}'))
}

export const recordDrill: readonly Scenario[] = [
  { when: 'there are earlier records', world: () => world(earlier), input: ended() },
  {
    when: 'its location is known by its schedule alone',
    world: () => world(),
    input: (({ location: _location, ...rest }) => rest)(ended('there is no backup')),
  },
]
