import type { Backup } from '../../velero/backup.ts'
import { scheduleNameLabel } from '../../velero/labels.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { listVelero } from './velero-objects.ts'

/**
 * What `--allow-partially-failed` does: the newest backup of the schedule that is Completed or PartiallyFailed takes the
 * schedule's place in the spec. Where there is none the spec stays as it is and the validation speaks.
 */
export async function useNewestBackup(connections: Connections, spec: RestoreSpec): Promise<RestoreSpec> {
  const { scheduleName, ...rest } = spec
  if (scheduleName === undefined) return spec
  const listed = await listVelero(connections, 'backups', `${scheduleNameLabel}=${scheduleName}`)
  const newest = (listed as unknown as Backup[])
    .filter(({ status }) => status?.phase === 'Completed' || status?.phase === 'PartiallyFailed')
    .sort((a, b) => startOf(b) - startOf(a))[0]
  return newest === undefined ? spec : { ...rest, backupName: newest.metadata.name }
}

function startOf(backup: Backup): number {
  return Date.parse(backup.status?.startTimestamp ?? '') || 0
}
