/** Labels, annotations and names that Velero writes or honours, and the ones Drydock adds. Source: pkg/apis/velero/v1/labels_annotations.go. */

/** On every restored object: the backup it came from, shortened by `validLabelValue` where needed. */
export const backupNameLabel = 'velero.io/backup-name'
/** On every restored object: the restore that made it, shortened likewise. */
export const restoreNameLabel = 'velero.io/restore-name'
export const restoreUidLabel = 'velero.io/restore-uid'
export const scheduleNameLabel = 'velero.io/schedule-name'
export const storageLocationLabel = 'velero.io/storage-location'
export const podUidLabel = 'velero.io/pod-uid'
export const pvcUidLabel = 'velero.io/pvc-uid'
export const asyncOperationIdLabel = 'velero.io/async-operation-id'
export const pvcNamespaceNameLabel = 'velero.io/pvc-namespace-name'
export const resourceUsageLabel = 'velero.io/resource-usage'
export const volumeNamespaceLabel = 'velero.io/volume-namespace'
export const repositoryTypeLabel = 'velero.io/repository-type'
export const dynamicPvRestoreLabel = 'velero.io/dynamic-pv-restore'
export const pluginConfigLabel = 'velero.io/plugin-config'

/** An action's word on the item it returns: its additional items bypass the excludes. It is never written. */
export const mustIncludeAnnotation = 'restore.velero.io/must-include-additional-items'
export const restoreStatusAnnotation = 'velero.io/restore-status'
export const podVolumeTimeoutAnnotation = 'velero.io/pod-volume-timeout'
export const mirrorPodAnnotation = 'kubernetes.io/config.mirror'

/** Keeps a Restore until its files are gone from the bucket. */
export const restoreFinalizer = 'restores.velero.io/external-resources-finalizer'

/** Rule 1: who claimed the Restore and when: `<worker>, <RFC 3339 time>`. */
export const claimedAnnotation = 'drydock.io/claimed'
/** On a Restore found InProgress without a claim, `"true"` carries it on instead of failing it. */
export const adoptAnnotation = 'drydock.io/adopt'
/** Asks for a running restore to be cancelled; the value is the reason. */
export const cancelAnnotation = 'drydock.io/cancel'
/** `exact` (default) or `owners`: how the owners of fields are restored (decision 10). */
export const managedFieldsAnnotation = 'drydock.io/managed-fields'

/** `at-least-once` runs an exec hook again that an earlier attempt may have run (rule 12). */
export const hooksAnnotation = 'drydock.io/hooks'
/** `"true"` looks at the restored objects once more in the end, `"false"` does not, whatever the worker's setting. */
export const validateAnnotation = 'drydock.io/validate'

/** The field manager of what this restore creates: rule 5 tells ours from other people's objects by it. */
export function fieldManagerOf(restoreUid: string): string {
  return `drydock-${restoreUid}`
}
