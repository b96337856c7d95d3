import type { ItemAction } from './action.ts'
import { admissionWebhook, apiService, crdPreserveFields } from './api-extensions.ts'
import { addPvcFromPod, changeStorageClass, pvc } from './claims.ts'
import { csiPvc } from './csi-claims.ts'
import { csiVolumeSnapshotClass, csiVolumeSnapshotContent, csiVolumeSnapshot } from './csi-snapshots.ts'
import { dataUpload } from './data-mover.ts'
import { clusterRoleBinding, roleBinding, secret, serviceAccount } from './identities.ts'
import { initRestoreHook } from './init-restore-hook.ts'
import { podVolumeRestore } from './pod-volume-restore.ts'
import { service } from './services.ts'
import { changeImageName, job, pod } from './workloads.ts'

/**
 * Velero's own actions in the order in which they run on one item: first those of the older plugin interface, then
 * those of the newer one, each by name. What an action does to an item is what the next one sees.
 */
export const builtInActions: readonly ItemAction[] = [
  addPvcFromPod,
  admissionWebhook,
  apiService,
  changeImageName,
  changeStorageClass,
  clusterRoleBinding,
  crdPreserveFields,
  dataUpload,
  initRestoreHook,
  job,
  pod,
  podVolumeRestore,
  pvc,
  roleBinding,
  secret,
  service,
  serviceAccount,
  csiPvc,
  csiVolumeSnapshot,
  csiVolumeSnapshotClass,
  csiVolumeSnapshotContent,
]

/** The built-in actions that run with these feature flags of the Velero server: an action of a feature only where it is on. */
export function activeActions(features: readonly string[]): ItemAction[] {
  return builtInActions.filter(({ feature }) => feature === undefined || features.includes(feature))
}
