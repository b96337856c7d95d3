import { restoreNameLabel, restoreUidLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import { snapshotName, validLabelValue } from '../values/derived-names.ts'
import { fieldsAt, valueAt, textAt, annotationOf } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { cloneManifest } from '../values/manifest-json.ts'
import { ActionError } from './action.ts'
import type { ItemAction, ActionInput, ActionFacts, Companion, RestoreView } from './action.ts'

/**
 * A VolumeSnapshot is restored with its VolumeSnapshotContent as the source instead of the original claim. The content
 * is restored before it, also if filters exclude it: without it the snapshot would never become ready.
 */
export const csiVolumeSnapshot: ItemAction = {
  name: 'velero.io/csi-volumesnapshot-restorer',
  appliesTo: ['volumesnapshots.snapshot.storage.k8s.io'],
  feature: 'EnableCSI',
  convertsThroughStruct: () => true,
  execute({ item, itemFromBackup, restore, facts }) {
    if (restore.spec.restorePVs === false) return { item, skip: true }
    const name = itemFromBackup.metadata.name
    if (boundContent(itemFromBackup) === undefined) throw new ActionError(`VS ${name} doesn't have bound VSC`)
    const stub = stubGroupContent(itemFromBackup, restore, facts)
    return { item: boundTo(item, snapshotName(restore.uid, name)), companions: stub === undefined ? [] : [stub] }
  },
  additionalItems({ itemFromBackup, restore }) {
    const name = boundContent(itemFromBackup)
    if (restore.spec.restorePVs === false || name === undefined) return { items: [] }
    return { items: [{ groupResource: 'volumesnapshotcontents.snapshot.storage.k8s.io', name }], mustInclude: true }
  },
}

/** Snapshot and content have the same name. The snapshot class is removed, because the new cluster may not have it. */
function boundTo(item: Manifest, name: string): Manifest {
  const restored = cloneManifest(item)
  const spec: Fields = { ...fieldsAt(restored, 'spec') }
  const source: Fields = { ...fieldsAt(spec, 'source'), volumeSnapshotContentName: name }
  delete source['persistentVolumeClaimName']
  delete spec['volumeSnapshotClassName']
  spec['source'] = source
  const annotations = { ...restored.metadata.annotations, 'velero.io/csi-vsc-deletion-policy': 'Retain' }
  return { ...restored, metadata: { ...restored.metadata, name, annotations }, spec }
}

function boundContent(snapshot: Manifest): string | undefined {
  const name = valueAt(snapshot, 'status', 'boundVolumeSnapshotContentName')
  return typeof name === 'string' ? name : undefined
}

/**
 * A VolumeSnapshotContent is restored as a pre-provisioned one. Its source is the handle of the snapshot in the storage
 * system instead of the volume, its deletion policy is Retain, and its class is the first one of its driver in the new
 * cluster.
 */
export const csiVolumeSnapshotContent: ItemAction = {
  name: 'velero.io/csi-volumesnapshotcontent-restorer',
  appliesTo: ['volumesnapshotcontents.snapshot.storage.k8s.io'],
  feature: 'EnableCSI',
  convertsThroughStruct: () => true,
  execute(input) {
    if (input.restore.spec.restorePVs === false) return { item: input.item, skip: true }
    return { item: asExisting(input) }
  },
  additionalItems({ itemFromBackup, restore }) {
    const restored = restore.spec.restorePVs !== false && hasHandle(itemFromBackup)
    return { items: restored ? secretItems(itemFromBackup, 'csi.storage.k8s.io/snapshotter-secret') : [] }
  },
}

function asExisting({ item, itemFromBackup, restore, facts }: ActionInput): Manifest {
  const name = snapshotName(restore.uid, textAt(itemFromBackup, 'spec', 'volumeSnapshotRef', 'name'))
  if (!hasHandle(itemFromBackup)) throw new ActionError(`fail to get snapshot handle from VSC ${name} status`)
  const restored = cloneManifest(item)
  restored.metadata.name = name
  const spec: Fields = { ...fieldsAt(restored, 'spec') }
  const source: Fields = {
    ...fieldsAt(spec, 'source'),
    snapshotHandle: valueAt(itemFromBackup, 'status', 'snapshotHandle'),
  }
  delete source['volumeHandle']
  spec['source'] = source
  spec['volumeSnapshotRef'] = mapReference(fieldsAt(spec, 'volumeSnapshotRef'), name, restore.spec.namespaceMapping)
  spec['deletionPolicy'] = 'Retain'
  delete spec['volumeSnapshotClassName']
  const sameDriver = facts.volumeSnapshotClasses.find((one) => textAt(one, 'driver') === textAt(spec, 'driver'))
  if (sameDriver !== undefined) spec['volumeSnapshotClassName'] = sameDriver.metadata.name
  return { ...restored, spec }
}

function mapReference(old: Fields | undefined, name: string, mapping: Record<string, string> = {}): Fields {
  const reference: Fields = { ...old, name }
  const namespace = textAt(reference, 'namespace')
  if (Object.hasOwn(mapping, namespace)) reference['namespace'] = mapping[namespace]
  delete reference['uid']
  delete reference['resourceVersion']
  return reference
}

function hasHandle(content: Manifest): boolean {
  return typeof valueAt(content, 'status', 'snapshotHandle') === 'string'
}

/** The Secret with which the driver lists snapshots is restored before a VolumeSnapshotClass. */
export const csiVolumeSnapshotClass: ItemAction = {
  name: 'velero.io/csi-volumesnapshotclass-restorer',
  appliesTo: ['volumesnapshotclasses.snapshot.storage.k8s.io'],
  feature: 'EnableCSI',
  execute: ({ item, restore }) => (restore.spec.restorePVs === false ? { item, skip: true } : { item }),
  additionalItems({ itemFromBackup, restore }) {
    if (restore.spec.restorePVs === false) return { items: [] }
    return { items: secretItems(itemFromBackup, 'csi.storage.k8s.io/snapshotter-list-secret') }
  },
}

/** The Secret named by the annotations `<prefix>-name` and `<prefix>-namespace`; none if one of them is missing. */
function secretItems(manifest: Manifest, prefix: string): ItemAddress[] {
  const name = annotationOf(manifest, `${prefix}-name`)
  const namespace = annotationOf(manifest, `${prefix}-namespace`)
  if (name === undefined || namespace === undefined) return []
  return [{ groupResource: 'secrets', namespace, name }]
}

/**
 * A stub of the VolumeGroupSnapshotContent for a snapshot that was taken in a group: some drivers accept a snapshot
 * content only together with that of its group. Snapshots of one group share the stub, and each adds its handle. The
 * finalization deletes it. If it cannot be created, the snapshot is still restored, since most drivers do not need it.
 */
function stubGroupContent(snapshot: Manifest, restore: RestoreView, facts: ActionFacts): Companion | undefined {
  const group = annotationOf(snapshot, 'velero.io/csi-volumegroupsnapshot-handle')
  const handle = annotationOf(snapshot, 'velero.io/csi-volumesnapshot-handle')
  const driver = annotationOf(snapshot, 'velero.io/csi-driver-name')
  if (!group || !handle || !driver) return undefined
  const name = snapshotName(restore.uid, group)
  return {
    resource: { group: 'groupsnapshot.storage.k8s.io', version: 'v1beta2', resource: 'volumegroupsnapshotcontents' },
    manifest: {
      apiVersion: 'groupsnapshot.storage.k8s.io/v1beta2',
      kind: 'VolumeGroupSnapshotContent',
      metadata: {
        name,
        // Velero recognises its stubs by their name only; the label with the uid is for rule 6.
        labels: { [restoreNameLabel]: validLabelValue(restore.name), [restoreUidLabel]: validLabelValue(restore.uid) },
        annotations: deletionSecret(facts.volumeGroupSnapshotClasses, driver),
      },
      spec: {
        deletionPolicy: 'Retain',
        driver,
        source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: group, volumeSnapshotHandles: [handle] } },
        volumeGroupSnapshotRef: { name: `stub-vgs-${name.slice(0, 8)}`, namespace: snapshot.metadata.namespace ?? '' },
      },
    },
    appends: ['spec', 'source', 'groupSnapshotHandles', 'volumeSnapshotHandles'],
    status: { volumeGroupSnapshotHandle: group },
  }
}

/** The Secret with which the driver deletes group snapshots, from its first VolumeGroupSnapshotClass. */
function deletionSecret(classes: readonly Manifest[], driver: string): Record<string, string> {
  const found = classes.find((one) => textAt(one, 'driver') === driver)
  const annotations: Record<string, string> = {}
  for (const part of ['name', 'namespace']) {
    const value = textAt(found, 'parameters', `csi.storage.k8s.io/group-snapshotter-secret-${part}`)
    if (value !== '') annotations[`groupsnapshot.storage.kubernetes.io/deletion-secret-${part}`] = value
  }
  return annotations
}
