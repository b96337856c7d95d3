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
 * Velero's own actions in the order in which they run: first those of plugin interface v1, then those of v2, each
 * sorted by name. Each action gets the item as the previous one returned it.
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

/** The built-in actions that run if the Velero server has these feature flags. */
export function activeActions(features: readonly string[]): ItemAction[] {
  return builtInActions.filter(({ feature }) => feature === undefined || features.includes(feature))
}
