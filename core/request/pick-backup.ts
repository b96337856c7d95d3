import type { Backup } from '../../velero/backup.ts'

/**
 * The backup that a restore from a schedule uses: of those that are `Completed`, the one that started last. One
 * without a start counts as the oldest.
 */
export function pickBackup(backups: readonly Backup[]): Backup | undefined {
  const completed = backups.filter(({ status }) => status?.phase === 'Completed')
  return completed.sort((a, b) => startOf(b) - startOf(a))[0]
}

function startOf(backup: Backup): number {
  const start = backup.status?.startTimestamp
  return typeof start === 'string' ? Date.parse(start) : Number.MIN_SAFE_INTEGER
}
