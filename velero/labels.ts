/**
 * Labels and annotations that Velero writes or reads, and those of Drydock. Source:
 * pkg/apis/velero/v1/labels_annotations.go.
 */

/** On each restored object: the name of its backup, shortened by `validLabelValue`. */
export const backupNameLabel = 'velero.io/backup-name'
/** On each restored object: the name of the restore that created it, shortened by `validLabelValue`. */
export const restoreNameLabel = 'velero.io/restore-name'
/** On objects of Velero that belong to a restore, such as DataDownloads: the uid of the restore. */
export const restoreUidLabel = 'velero.io/restore-uid'
/** On a PodVolumeBackup or a DeleteBackupRequest: the uid of its Backup. */
export const backupUidLabel = 'velero.io/backup-uid'
/** On a Backup: the schedule that created it. */
export const scheduleNameLabel = 'velero.io/schedule-name'
/** On a Backup or BackupRepository: its backup storage location. */
export const storageLocationLabel = 'velero.io/storage-location'
/** On a PodVolumeRestore: the uid of its pod. */
export const podUidLabel = 'velero.io/pod-uid'
/** On a PodVolumeRestore: the uid of its claim. */
export const pvcUidLabel = 'velero.io/pvc-uid'
/** On a DataDownload: the id of its asynchronous operation. */
export const asyncOperationIdLabel = 'velero.io/async-operation-id'
/** On the ConfigMap with the result of a DataUpload: its claim, as `<namespace>.<name>`. */
export const pvcNamespaceNameLabel = 'velero.io/pvc-namespace-name'
/** On the ConfigMap with the result of a DataUpload: `DataUpload`. */
export const resourceUsageLabel = 'velero.io/resource-usage'
/** On a BackupRepository: the namespace whose volumes it holds. */
export const volumeNamespaceLabel = 'velero.io/volume-namespace'
/** On a BackupRepository: `kopia` or `restic`. */
export const repositoryTypeLabel = 'velero.io/repository-type'
/** In the selector of a claim that waits for a DataDownload: no volume has it, so the claim stays unbound meanwhile. */
export const dynamicPvRestoreLabel = 'velero.io/dynamic-pv-restore'
/** On a ConfigMap with settings of an item action. */
export const pluginConfigLabel = 'velero.io/plugin-config'

/**
 * Set by an action on the item it returns: the additional items bypass the excludes. It is never written to the
 * cluster.
 */
export const mustIncludeAnnotation = 'restore.velero.io/must-include-additional-items'
/** On an item: `true` or `false` decides whether its status is restored. */
export const restoreStatusAnnotation = 'velero.io/restore-status'
/** On a Restore: the timeout of pod volume restores, in Go's syntax. */
export const podVolumeTimeoutAnnotation = 'velero.io/pod-volume-timeout'
/** On a mirror pod, which the kubelet creates for a static pod of its node. */
export const mirrorPodAnnotation = 'kubernetes.io/config.mirror'

/** The finalizer that keeps a Restore until its files are deleted from the bucket. */
export const restoreFinalizer = 'restores.velero.io/external-resources-finalizer'

/** Who has asked for a Restore by a workflow or by Nexus: the id of that workflow and of its first run. */
export const requestedByAnnotation = 'drydock.io/requested-by'

/** On a Restore that Drydock has claimed (rule 1): `<worker>, <RFC 3339 time>`. */
export const claimedAnnotation = 'drydock.io/claimed'
/** On a Restore that is InProgress without a claim: with `"true"` Drydock continues it instead of failing it. */
export const adoptAnnotation = 'drydock.io/adopt'
/** On a Restore: cancels it; the value is the reason. */
export const cancelAnnotation = 'drydock.io/cancel'
/** On a Restore that is over: retries it, once for each value (a token). */
export const retryAnnotation = 'drydock.io/retry'
/** On a Restore: the last token that was answered. */
export const retriedAnnotation = 'drydock.io/retried'
/** On a Restore: why the last token was refused; absent where its run began. */
export const retryRefusedAnnotation = 'drydock.io/retry-refused'
/** On a Restore that was retried: the number of its last run, from 2. */
export const runAnnotation = 'drydock.io/run'
/** On a Restore that is undone: how far that has come, as `<begun, stopped or done>, <RFC 3339 time>[, <what it came to>]`. */
export const undoneAnnotation = 'drydock.io/undone'
/** On a Restore: no further chunk begins while it stands there; the value is the reason. */
export const pauseAnnotation = 'drydock.io/pause'
/** On a Restore: `owners` (default) or `exact`, the mode of restoring managed fields (decision 10). */
export const managedFieldsAnnotation = 'drydock.io/managed-fields'
/** On a Restore: with `"true"` nothing is restored; a plan is made of what would be, by dry runs. */
export const planAnnotation = 'drydock.io/plan'
/** On a Restore: the plan that it carries out, as `<name>/<uid>`; where it comes out otherwise is told. */
export const fromPlanAnnotation = 'drydock.io/from-plan'
/** On a Restore, `true` or `false`: whether its items leave other clients of the API server their speed. */
export const politeAnnotation = 'drydock.io/polite'
/** On a Restore: `"false"` ends an item with its first error, in Velero's words alone, where Drydock would try it again later. */
export const secondChancesAnnotation = 'drydock.io/second-chances'
/** On a Restore: with `at-least-once` an exec hook runs again if an earlier attempt may have run it (rule 12). */
export const hooksAnnotation = 'drydock.io/hooks'
/**
 * On a Restore: `"true"` validates the restored objects at the end, `"false"` does not; it wins over the worker's
 * setting.
 */
export const validateAnnotation = 'drydock.io/validate'

/** On a Restore: only these objects of the backup, as `<resource>/<namespace>/<name>` or `<resource>/<name>`, with commas. */
export const objectsAnnotation = 'drydock.io/objects'
/** On a Restore: `<old>=<new>`, with commas: other storage classes, in place of the ConfigMap of `velero.io/change-storage-class`. */
export const storageClassesAnnotation = 'drydock.io/storage-classes'
/** On a Restore: `<old>=<new>`, with commas: other beginnings of images, in place of the ConfigMap of `velero.io/change-image-name`. */
export const imagesAnnotation = 'drydock.io/images'
/** On a Restore: `leave-out` or `suspend`, what becomes of Jobs that had finished or failed when the backup was made. */
export const endedJobsAnnotation = 'drydock.io/ended-jobs'
/** On a Restore: `zero` or `scale-back`, whether workloads are created with zero replicas, and whether they stay so. */
export const replicasAnnotation = 'drydock.io/replicas'
/** On a Restore: what becomes of objects that exist: a policy, or `<resource>=<policy>` with commas. */
export const existingAnnotation = 'drydock.io/existing'
/** On a Restore: `relink` or `drop`, whether restored objects are linked to their restored owners again. */
export const ownersAnnotation = 'drydock.io/owners'

/** On a Restore: `"true"` keeps what it restores from taking names, addresses and ports of others, and suspends Jobs and CronJobs. */
export const isolateAnnotation = 'drydock.io/isolate'

/** As whom a restore writes what it restores, and of which groups that user is. */
export const impersonateUserAnnotation = 'drydock.io/impersonate-user'
export const impersonateGroupsAnnotation = 'drydock.io/impersonate-groups'
/** On the Restore of a drill: the name of the drill. */
export const drillLabel = 'drydock.io/drill'
/** On a scratch namespace of a drill: the name of the Restore that it was made for. */
export const drillRestoreLabel = 'drydock.io/drill-restore'
/** On a scratch namespace, and on a volume that goes with a drill: a hash of the run of the drill. Drills of two Velero namespaces may have one name, and begin at one time. */
export const drillRunLabel = 'drydock.io/drill-run'

/**
 * On a PersistentVolume that an isolated restore has made from a native snapshot: the uid of the restore. Its disk is the restore's own.
 */
export const fromSnapshotAnnotation = 'drydock.io/from-snapshot'

/**
 * On a PersistentVolume that is filled in place: `<uid of the restore>,<its reclaim policy before>`. Only that restore gives
 * it back; the next one that fills it takes it over, policy included.
 */
export const inPlaceAnnotation = 'drydock.io/in-place'

/** On a Backup: with `"true"` its deletion leaves the data of its volumes in backup repositories, which Drydock cannot remove. */
export const leaveVolumeDataAnnotation = 'drydock.io/leave-volume-data'

/** The field manager under which a restore creates objects. By it a restore recognises its own objects (rule 5). */
export function fieldManagerOf(restoreUid: string): string {
  return `drydock-${restoreUid}`
}

/** What `kubectl apply` leaves on each object: the manifest that was applied last, of a Secret with its values. */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** The reason of an Event on a Restore: what people should know of it where Velero, and so its results, say nothing. */
export const remarksReason = 'Remarks'
