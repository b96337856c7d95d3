import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import type { ResourceModifiers } from '../modifiers/parse-modifiers.ts'
import type { FilterPolicies } from '../filter/parse-filter-policy.ts'
import { admissionRules } from './admission-rules.ts'
import { pickBackup } from './pick-backup.ts'

/**
 * What the rules of admission look at, read from the cluster beforehand. Which backup to look up may depend on the
 * schedule's backups, and which location on the backup: `backupNameOf` and `locationNameOf` say so.
 */
export interface AdmissionFacts {
  restore: { namespace: string; name: string }
  /** The spec as the user wrote it. Velero's validation cannot be repeated on what it made of it (rule 1). */
  spec: RestoreSpec
  /** The backups labelled with the schedule's name, or why they could not be listed; only where the spec names a schedule. */
  scheduleBackups?: readonly Backup[] | { error: string } | undefined
  /** The backup; undefined where it is not there. */
  backup?: Backup | { error: string } | undefined
  /** The backup's location; undefined where it is not there. */
  location?: BackupStorageLocation | { error: string } | undefined
  /** The ConfigMap of `spec.resourceModifier`; undefined where it cannot be had, for whatever reason. */
  modifierConfigMap?: Manifest | undefined
  /** The ConfigMap of `spec.resourcePolicy`; undefined where it is not there. */
  policyConfigMap?: Manifest | { error: string } | undefined
  /** The server's default in Go's syntax, such as `4h0m0s`. */
  defaultItemOperationTimeout: string
}

/** The verdict, and the spec as it is to be stored with it. */
export type Admission =
  | {
      do: 'admit'
      spec: RestoreSpec
      backup: Backup
      location: BackupStorageLocation
      modifiers?: ResourceModifiers
      policies?: FilterPolicies
    }
  | { do: 'refuse'; spec: RestoreSpec; validationErrors: string[] }

/** What is known after some rules; each rule sees what the ones before it found. */
export interface AdmissionDraft {
  facts: AdmissionFacts
  spec: RestoreSpec
  backup?: Backup
  location?: BackupStorageLocation
  modifiers?: ResourceModifiers
  policies?: FilterPolicies
}

/** What one rule finds: errors add up, `found` is kept for the rules after it, `stop` ends the validation. */
export interface Finding {
  errors?: readonly string[]
  found?: Partial<Omit<AdmissionDraft, 'facts'>>
  stop?: boolean
}

/**
 * Decides whether a restore may start, with Velero's rules in Velero's order and words. The spec comes back completed
 * in any case: Velero stores its additions also with a refusal.
 */
export function admitRequest(facts: AdmissionFacts): Admission {
  let draft: AdmissionDraft = { facts, spec: facts.spec }
  const validationErrors: string[] = []
  for (const rule of admissionRules) {
    const { errors = [], found = {}, stop = false } = rule(draft)
    validationErrors.push(...errors)
    draft = { ...draft, ...found }
    if (stop) break
  }
  const spec = withTimeout(draft.spec, facts.defaultItemOperationTimeout)
  const { backup, location, modifiers, policies } = draft
  if (validationErrors.length > 0 || !backup || !location) return { do: 'refuse', spec, validationErrors }
  return { do: 'admit', spec, backup, location, ...(modifiers && { modifiers }), ...(policies && { policies }) }
}

/** The backup to look up for these facts; undefined where no rule gets as far as asking for it. */
export function backupNameOf(
  spec: RestoreSpec,
  scheduleBackups: AdmissionFacts['scheduleBackups'],
): string | undefined {
  const { backupName = '', scheduleName = '' } = spec
  if ((backupName === '') === (scheduleName === '')) return undefined
  if (backupName !== '') return backupName
  if (!scheduleBackups || 'error' in scheduleBackups) return undefined
  return pickBackup(scheduleBackups)?.metadata.name
}

/** The location to look up for a backup. */
export function locationNameOf(backup: Backup): string {
  return backup.spec.storageLocation ?? ''
}

/** The ConfigMaps to read from the restore's namespace; a reference of another kind is no ConfigMap. */
export function configMapNamesOf(spec: RestoreSpec): { modifiers?: string; policy?: string } {
  const { resourceModifier, resourcePolicy } = spec
  return {
    ...(resourceModifier?.kind.toLowerCase() === 'configmap' && { modifiers: resourceModifier.name }),
    ...(resourcePolicy?.kind.toLowerCase() === 'configmap' && { policy: resourcePolicy.name }),
  }
}

/** A timeout of zero, however it is written, is none. */
function withTimeout(spec: RestoreSpec, itemOperationTimeout: string): RestoreSpec {
  return /[1-9]/.test(spec.itemOperationTimeout ?? '') ? spec : { ...spec, itemOperationTimeout }
}
