import type { ActionFacts } from '../../core/actions/action.ts'
import type { ResourceModifiers } from '../../core/modifiers/parse-modifiers.ts'
import type { FilterPolicies } from '../../core/filter/parse-filter-policy.ts'
import type { VolumeFacts } from '../../core/items/volume-fate.ts'
import type { Backup } from '../../velero/backup.ts'
import type { RestoreSpec } from '../../velero/restore.ts'

/** Names of the shards of a journal that stand once per restore. */
export const shards = {
  admission: 'admission',
  plan: 'plan',
  facts: 'facts',
  timeline: 'timeline',
  inheritedLog: 'inherited-log',
  volumeInfos: 'volume-infos',
} as const

/**
 * The verdict of the admission, with the spec as validated. Validation fills in the spec and cannot be repeated
 * (a restore of a schedule carries both names afterwards), so a rerun takes this one.
 */
export interface StoredAdmission {
  restore: {
    name: string
    namespace: string
    uid: string
    creationTimestamp: string
    annotations?: Record<string, string>
  }
  spec: RestoreSpec
  backup: Backup
  /** Name of the BackupStorageLocation. */
  location: string
  startedAt: string
  /** Resource modifiers, as they were when they were validated. */
  modifiers?: ResourceModifiers
  /** Filter policies, likewise. */
  policies?: FilterPolicies
  /** Velero began it: items are through, their outcomes came from its files, and its log and volume info stay. */
  inherited?: true
}

/** Facts of cluster and backup as they were when the plan was made: the same for every attempt of every item. */
export interface StoredFacts {
  actions: ActionFacts
  volumes: VolumeFacts
}
