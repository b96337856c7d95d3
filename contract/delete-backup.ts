/** Identifies one DeleteBackupRequest. */
export interface DeletionRef {
  namespace: string
  name: string
  uid: string
  /** The uid of namespace `kube-system` of the cluster (rule 3). */
  cluster: string
}

/** The type of the workflow that deletes a backup. */
export const deleteBackupWorkflowType = 'deleteBackup'

/**
 * The id of the workflow that deletes a backup: one at a time for each backup. A request that names none has a workflow of its own,
 * which says so.
 */
export function deleteBackupWorkflowIdOf(ref: DeletionRef, backup: string | undefined): string {
  return backup ? `delete-backup/${ref.namespace}/${backup}` : `delete-backup/${ref.namespace}//${ref.uid}`
}
