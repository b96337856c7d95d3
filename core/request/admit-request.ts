import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import { nonRestorableResources } from '../../velero/defaults.ts'
import { scheduleNameLabel } from '../../velero/labels.ts'
import type { RestoreSpec, VeleroApi } from '../../velero/restore.ts'
import { parseFilterPolicies } from '../filter/parse-filter-policy.ts'
import type { FilterPolicies } from '../filter/parse-filter-policy.ts'
import { parseModifiers, validateModifiers } from '../modifiers/parse-modifiers.ts'
import type { ResourceModifiers } from '../modifiers/parse-modifiers.ts'
import { pickBackup } from './admission-facts.ts'
import type { AdmissionFacts } from './admission-facts.ts'
import { annotationFaults } from '../asked/annotations.ts'
import { hookFaults } from './hook-faults.ts'

/** Whether a restore may start, and the spec to store in the Restore in both cases. */
export type Admission =
  | {
      do: 'admit'
      spec: RestoreSpec
      backup: Backup
      location: BackupStorageLocation
      modifiers?: ResourceModifiers
      policies?: FilterPolicies
      api?: VeleroApi
      /** What the log says: why the default modifiers are left out. */
      notes?: string[]
    }
  | {
      do: 'refuse'
      spec: RestoreSpec
      validationErrors: string[]
      /** The location that is not available, where that is all there is against the restore. */
      unavailable?: BackupStorageLocation
    }

/** What is known while the rules run: each rule gets what the previous ones have found. */
interface AdmissionDraft {
  facts: AdmissionFacts
  spec: RestoreSpec
  backup?: Backup
  location?: BackupStorageLocation
  modifiers?: ResourceModifiers
  policies?: FilterPolicies
  notes?: string[]
}

/** The result of one rule. Errors are collected, `found` is kept for the next rules, `stop` ends the validation. */
interface Finding {
  errors?: readonly string[]
  found?: Partial<Omit<AdmissionDraft, 'facts'>>
  stop?: boolean
}

/**
 * Decides whether a restore may start, by Velero's rules in Velero's order and with its words. The spec that is
 * returned has the additions of the rules: Velero stores them also if it refuses the restore.
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
  const { backup, location, modifiers, policies, notes } = draft
  if (validationErrors.length > 0 || !backup || !location) {
    const isAll = location !== undefined && !isAvailable(location) && validationErrors.length === 1
    return { do: 'refuse', spec, validationErrors, ...(isAll && { unavailable: location }) }
  }
  const { api } = facts
  const found = {
    ...(api && { api }),
    ...(modifiers && { modifiers }),
    ...(policies && { policies }),
    ...(notes && { notes }),
  }
  return { do: 'admit', spec, backup, location, ...found }
}

/** Sets the default timeout if there is none, or one of zero in any form. */
function withTimeout(spec: RestoreSpec, itemOperationTimeout: string): RestoreSpec {
  return /[1-9]/.test(spec.itemOperationTimeout ?? '') ? spec : { ...spec, itemOperationTimeout }
}

/**
 * What is wrong with a spec, whatever the cluster holds: the errors of those rules that need no facts, in their order and
 * with Velero's words.
 */
export function specFaults(spec: RestoreSpec): string[] {
  const draft = { spec: excludeNonRestorable({ spec }).found?.spec ?? spec }
  return specRules.flatMap((rule) => rule(draft).errors ?? [])
}

type Rule = (draft: AdmissionDraft) => Finding
type SpecDraft = Pick<AdmissionDraft, 'spec'>

/** The rules of Velero's validation in its order. The comment says what a rule refuses or changes. */
const admissionRules: readonly Rule[] = [
  annotations, // one of Drydock's is unknown, its value is wrong, or the spec contradicts it; ours
  excludeNonRestorable, // changes the spec: they are excluded from now on
  includedNonRestorable, // nodes and the like were asked for
  resourceLists, // the lists of resources contradict each other
  namespaceLists, // and those of namespaces
  twoSelectors, // labelSelector and orLabelSelectors
  oneSource, // a backup or a schedule, but not both; ends the validation
  hooks, // a selector or an init container is invalid
  existingResourcePolicy, // neither none nor update
  existingVolumeDataPolicy, // none of none, full and incremental
  scheduleBackup, // changes the spec: the schedule's newest completed backup; none ends the validation
  backupLookup, // backup or location is not there; ends the validation
  locationAvailable, // or is not Available; ends the validation
  backupIsThrough, // after v1.18: the backup is neither Completed nor PartiallyFailed; ends the validation
  nameSchedule, // changes the spec: the backup's schedule, for metrics
  resourcePolicy, // the filter policies cannot be read; ends the validation
  resourceModifiers, // nor the modifiers; ends the validation
  defaultModifiers, // for a restore that names none; what is wrong with them is a note
]

/** Those of the rules that look at the spec alone. */
const specRules: readonly ((draft: SpecDraft) => Finding)[] = [
  includedNonRestorable,
  resourceLists,
  namespaceLists,
  twoSelectors,
  oneSource,
  hooks,
  existingResourcePolicy,
  existingVolumeDataPolicy,
]

function annotations({ facts, spec }: AdmissionDraft): Finding {
  return { errors: annotationFaults(facts.restore.annotations, spec, facts) }
}

function excludeNonRestorable({ spec }: SpecDraft): Finding {
  const before = spec.excludedResources ?? []
  const missing = nonRestorableResources.filter((resource) => !before.includes(resource))
  return missing.length > 0 ? { found: { spec: { ...spec, excludedResources: [...before, ...missing] } } } : {}
}

function includedNonRestorable({ spec }: SpecDraft): Finding {
  const included = nonRestorableResources.filter((resource) => spec.includedResources?.includes(resource))
  return { errors: included.map((resource) => `${resource} are non-restorable resources`) }
}

function resourceLists({ spec }: SpecDraft): Finding {
  const faults = listFaults(spec.includedResources ?? [], spec.excludedResources ?? [])
  return { errors: faults.map((fault) => `Invalid included/excluded resource lists: ${fault}`) }
}

function namespaceLists({ spec }: SpecDraft): Finding {
  const faults = listFaults(spec.includedNamespaces ?? [], spec.excludedNamespaces ?? [])
  return { errors: faults.map((fault) => `Invalid included/excluded namespace lists: ${fault}`) }
}

/** Names are compared literally: `po` and `pods` are different, and patterns are not checked. */
function listFaults(includes: readonly string[], excludes: readonly string[]): string[] {
  const included = new Set(includes)
  const excluded = new Set(excludes)
  const contradictory = [...excluded].filter((name) => included.has(name)).sort()
  return [
    ...(included.size > 1 && included.has('*')
      ? ["includes list must either contain '*' only, or a non-empty list of items"]
      : []),
    ...(excluded.has('*') ? ["excludes list cannot contain '*'"] : []),
    ...contradictory.map((name) => `excludes list cannot contain an item in the includes list: ${name}`),
  ]
}

function twoSelectors({ spec }: SpecDraft): Finding {
  if (!spec.labelSelector || !spec.orLabelSelectors) return {}
  return {
    errors: ['encountered labelSelector as well as orLabelSelectors in restore spec, only one can be specified'],
  }
}

function oneSource({ spec }: SpecDraft): Finding {
  if (((spec.backupName ?? '') !== '') !== ((spec.scheduleName ?? '') !== '')) return {}
  return refuse('Either a backup or schedule must be specified as a source for the restore, but not both')
}

function hooks({ spec }: SpecDraft): Finding {
  return { errors: hookFaults(spec.hooks?.resources ?? []) }
}

function existingResourcePolicy({ spec }: SpecDraft): Finding {
  const policy = spec.existingResourcePolicy ?? ''
  return ['', 'none', 'update'].includes(policy) ? {} : { errors: [`Invalid ExistingResourcePolicy: ${policy}`] }
}

function existingVolumeDataPolicy({ spec }: SpecDraft): Finding {
  const policy = spec.existingVolumeDataPolicy ?? ''
  const known = ['', 'none', 'full', 'incremental'].includes(policy)
  return known ? {} : { errors: [`Invalid ExistingVolumeDataPolicy: ${policy}`] }
}

function scheduleBackup({ facts, spec }: AdmissionDraft): Finding {
  if ((spec.scheduleName ?? '') === '') return {}
  const backups = facts.scheduleBackups ?? []
  if ('error' in backups) return refuse('Unable to list backups for schedule')
  const none = backups.length === 0 ? ['No backups found for schedule'] : []
  const backup = pickBackup(backups)
  if (!backup) return refuse(...none, 'No completed backups found for schedule')
  return { found: { spec: { ...spec, backupName: backup.metadata.name } } }
}

/**
 * If an object does not exist, the words are those of Velero's cached client, which names the kind instead of the
 * resource.
 */
function backupLookup({ facts: { restore, backup, location }, spec }: AdmissionDraft): Finding {
  if (!backup || 'error' in backup) {
    const why = backup?.error ?? `Backup.velero.io "${spec.backupName ?? ''}" not found`
    return refuse(`Error retrieving backup: can't find backup ${restore.namespace}/${spec.backupName ?? ''}: ${why}`)
  }
  if (!location || 'error' in location) {
    const name = backup.spec.storageLocation ?? ''
    return refuse(
      `Error retrieving backup: ${location?.error ?? `BackupStorageLocation.velero.io "${name}" not found`}`,
    )
  }
  return { found: { backup, location } }
}

function locationAvailable({ location }: AdmissionDraft): Finding {
  if (!location || isAvailable(location)) return {}
  return refuse(`The BSL ${location.metadata.name} is unavailable, cannot retrieve the backup`)
}

function isAvailable({ status }: BackupStorageLocation): boolean {
  return status?.phase === 'Available'
}

function backupIsThrough({ facts, backup }: AdmissionDraft): Finding {
  const phase = backup?.status?.phase ?? ''
  if (facts.api !== 'next' || backup === undefined || phase === 'Completed' || phase === 'PartiallyFailed') return {}
  return refuse(`backup "${backup.metadata.name}" is in phase "${phase}" and cannot be used as a restore source`)
}

function nameSchedule({ spec, backup }: AdmissionDraft): Finding {
  const scheduleName = backup?.metadata.labels?.[scheduleNameLabel] ?? ''
  if ((spec.scheduleName ?? '') !== '' || scheduleName === '') return {}
  return { found: { spec: { ...spec, scheduleName } } }
}

/** In the later two messages Velero names the Restore instead of the ConfigMap by mistake. */
function resourcePolicy({ facts: { restore, policyConfigMap }, spec }: AdmissionDraft): Finding {
  const reference = spec.resourcePolicy
  if (!reference) return {}
  const refusePolicy = (why: string): Finding => refuse(`invalid restore resource policies: ${why}`)
  if (reference.kind.toLowerCase() !== 'configmap') {
    return refusePolicy(`invalid ResourcePolicy kind ${JSON.stringify(reference.kind)}, only "configmap" is supported`)
  }
  if (!policyConfigMap || isFailure(policyConfigMap)) {
    const why = policyConfigMap?.error ?? `ConfigMap "${reference.name}" not found`
    return refusePolicy(`fail to get ResourcePolicies ${restore.namespace}/${reference.name} ConfigMap: ${why}`)
  }
  const parsed = parseFilterPolicies(policyConfigMap)
  if (!('error' in parsed)) return { found: { policies: parsed.policies } }
  const attempt = parsed.during === 'read' ? 'read the ResourcePolicies from' : 'validate ResourcePolicies in'
  return refusePolicy(`fail to ${attempt} ConfigMap ${restore.namespace}/${restore.name}: ${parsed.error}`)
}

/** As in Velero, a reference to another kind than ConfigMap is ignored. */
function resourceModifiers({ facts: { restore, modifierConfigMap }, spec }: AdmissionDraft): Finding {
  const reference = spec.resourceModifier
  if (reference?.kind.toLowerCase() !== 'configmap') return {}
  const name = `${restore.namespace}/${reference.name}`
  if (!modifierConfigMap) return refuse(`failed to get resource modifiers configmap ${name}`)
  const parsed = parseModifiers(modifierConfigMap)
  if ('error' in parsed) {
    return refuse(`Error in parsing resource modifiers provided in configmap ${name}: ${parsed.error}`)
  }
  const fault = validateModifiers(parsed.modifiers)
  if (fault === undefined) return { found: { modifiers: parsed.modifiers } }
  return refuse(`Validation error in resource modifiers provided in configmap ${name}: ${fault}`)
}

/** As in Velero, default modifiers that cannot be used do not keep a restore from starting. */
function defaultModifiers({ facts, spec }: AdmissionDraft): Finding {
  const { restore, defaultModifiers: given } = facts
  if (given === undefined || spec.resourceModifier || spec.skipDefaultResourceModifier === true) return {}
  const name = `default resource modifier configmap ${restore.namespace}/${given.name}`
  const note = (why: string): Finding => ({ found: { notes: [`${why}, it is left out`] } })
  if (given.configMap === undefined) return note(`${name} cannot be read`)
  const parsed = parseModifiers(given.configMap)
  if ('error' in parsed) return note(`${name} cannot be parsed: ${parsed.error}`)
  const fault = validateModifiers(parsed.modifiers)
  return fault === undefined ? { found: { modifiers: parsed.modifiers } } : note(`${name} is not valid: ${fault}`)
}

function isFailure(fact: object): fact is { error: string } {
  return 'error' in fact && !('metadata' in fact)
}

function refuse(...errors: string[]): Finding {
  return { errors, stop: true }
}
