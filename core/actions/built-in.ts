import type { ItemAction } from './action.ts'
import { addPvcFromPod } from './add-pvc-from-pod.ts'
import { admissionWebhook } from './api-extensions.ts'
import { apiService } from './api-service.ts'
import { changeImageName } from './workloads.ts'
import { changeStorageClass } from './claims.ts'
import { clusterRoleBinding } from './cluster-role-binding.ts'
import { crdPreserveFields } from './crd-preserve-fields.ts'
import { csiPvc } from './csi-claims.ts'
import { csiVolumeSnapshotClass } from './csi-volume-snapshot-class.ts'
import { csiVolumeSnapshotContent } from './csi-snapshots.ts'
import { csiVolumeSnapshot } from './csi-volume-snapshot.ts'
import { dataUpload } from './data-upload.ts'
import { initRestoreHook } from './init-restore-hook.ts'
import { job } from './job.ts'
import { podVolumeRestore } from './pod-volume-restore.ts'
import { pod } from './pod.ts'
import { pvc } from './pvc.ts'
import { roleBinding } from './role-binding.ts'
import { secret } from './identities.ts'
import { serviceAccount } from './service-account.ts'
import { service } from './service.ts'

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
