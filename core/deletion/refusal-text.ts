/**
 * A reason why a backup is not deleted, as Velero writes it into the request.
 * Source: pkg/controller/backup_deletion_controller.go patchDeleteBackupRequestWithError.
 */
export function refusalText(why: string): string {
  return `backup deletion failed: ${why}`
}
