import type { ItemAction } from './action.ts'
import { secretItems } from './secret-items.ts'

/** A snapshot class comes with the Secret with which its driver lists snapshots. */
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
