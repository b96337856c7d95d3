import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { VeleroSchedule } from '../../velero/schedule.ts'
import { pickBackup } from '../request/admission-facts.ts'
import type { DrillRequest } from './drill-request.ts'

/** The backup that a drill restores, or why there is none. */
export type ChosenBackup = { do: 'go'; backup: Backup } | { do: 'refuse'; because: string }

/**
 * Chooses the backup of a drill among those of its schedule, or those of its name: the newest completed one. The drill of one backup
 * takes a partially failed one as well, since that one is what was asked for.
 */
export function chooseBackup({ from, namespace }: DrillRequest, backups: readonly Backup[]): ChosenBackup {
  if ('backup' in from) {
    const backup = backups.find(({ metadata }) => metadata.name === from.backup)
    if (backup === undefined)
      return { do: 'refuse', because: `there is no backup ${from.backup} in namespace ${namespace}` }
    const phase = backup.status?.phase ?? 'New'
    if (phase === 'Completed' || phase === 'PartiallyFailed') return { do: 'go', backup }
    return { do: 'refuse', because: `backup ${from.backup} is ${phase}, not Completed` }
  }
  const backup = pickBackup([...backups])
  if (backup !== undefined) return { do: 'go', backup }
  const has = backups.length === 0 ? 'no backup' : 'no completed backup'
  return { do: 'refuse', because: `schedule ${from.schedule} has ${has} in namespace ${namespace}` }
}

/** The name of the location that keeps the record of a drill: that of the backup, of the schedule's backups, or the default one. */
export function recordLocation(facts: {
  backup?: string | undefined
  schedule?: VeleroSchedule | undefined
  locations: readonly BackupStorageLocation[]
}): string | undefined {
  const { backup, schedule, locations } = facts
  const standing =
    locations.find(({ spec }) => spec.default === true) ?? (locations.length === 1 ? locations[0] : undefined)
  return backup ?? schedule?.spec?.template?.storageLocation ?? standing?.metadata.name
}
