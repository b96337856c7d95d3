import type { BackupVolumeInfo } from '../../velero/volume-info.ts'
import type { Outcome } from '../items/outcome.ts'
import type { Tally } from '../results/tally.ts'

/** What a finalization may have to do for a restore. */
export interface WorkLeft {
  /** Claims that were created may have got new volumes. */
  newVolumes: boolean
  /** A data mover or a group snapshot may have left objects that were made for the restore alone. */
  leftovers: boolean
  /** Objects were created without the owners that they had. */
  lostOwners: boolean
  /** Workloads were created with zero replicas. */
  workloadsAtZero: boolean
  /** Pods with hooks stand in the journal. */
  hooks: boolean
  /** The journal holds what only a running restore needs. */
  traces: boolean
}

/** What is known of a restore when its result files are written. */
export interface ThroughFacts {
  tally: Tally
  /** What the backup says of its volumes. */
  volumes: readonly BackupVolumeInfo[]
  /** Names of the shards in the journal. */
  shards: readonly string[]
}

/**
 * What may be left to do once all items are through. It says no only where nothing can come to be done any more: a task
 * that is left out for it would have found nothing.
 */
export function workLeft({ tally, volumes, shards }: ThroughFacts): WorkLeft {
  const has = (folder: string) => shards.some((name) => name.startsWith(folder))
  const hooks = has('hooks/')
  const mayBeNew = volumes.some(
    ({ backupMethod }) => backupMethod === 'PodVolumeBackup' || backupMethod === 'CSISnapshot',
  )
  const isGrouped = volumes.some(({ csiSnapshotInfo }) => (csiSnapshotInfo?.volumeGroupSnapshotHandle ?? '') !== '')
  return {
    newVolumes: mayBeNew && hasItem(tally, 'persistentvolumeclaims|'),
    leftovers: isGrouped || hasItem(tally, 'datauploads.velero.io|'),
    lostOwners: some(tally, ({ owners }) => owners !== undefined),
    workloadsAtZero: some(tally, ({ atZero }) => atZero !== undefined),
    hooks,
    traces: hooks || has('intents/') || has('answers/'),
  }
}

function some(tally: Tally, holds: (outcome: Outcome) => boolean): boolean {
  for (const outcome of tally.values()) if (holds(outcome)) return true
  return false
}

/** Whether the key of an outcome has this beginning. */
export function hasItem(tally: Tally, begin: string): boolean {
  for (const key of tally.keys()) if (key.startsWith(begin)) return true
  return false
}
