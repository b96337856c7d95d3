import { restoreNameLabel, restoreUidLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { validLabelValue } from '../items/valid-label-value.ts'
import type { ActionFacts, Companion, RestoreView } from './action.ts'
import { annotationOf, textAt } from '../values/fields.ts'
import { snapshotName } from './snapshot-name.ts'

/**
 * Some drivers take the content of a snapshot only if the content of its group is there too. A snapshot taken in a group
 * therefore brings a stub of it, removed again in the finalization. Snapshots of one group share the stub, and each adds
 * its handle. Where the stub cannot be made, the snapshot is restored all the same: most drivers do without.
 */
export function stubGroupContent(snapshot: Manifest, restore: RestoreView, facts: ActionFacts): Companion | undefined {
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
        // Velero finds its stubs by the name alone; the uid makes the stub ours by rule 6.
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

/** The Secret that the driver deletes group snapshots with, from the first group class of the driver. */
function deletionSecret(classes: readonly Manifest[], driver: string): Record<string, string> {
  const found = classes.find((one) => textAt(one, 'driver') === driver)
  const annotations: Record<string, string> = {}
  for (const part of ['name', 'namespace']) {
    const value = textAt(found, 'parameters', `csi.storage.k8s.io/group-snapshotter-secret-${part}`)
    if (value !== '') annotations[`groupsnapshot.storage.kubernetes.io/deletion-secret-${part}`] = value
  }
  return annotations
}
