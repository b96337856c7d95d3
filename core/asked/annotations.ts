import {
  adoptAnnotation,
  cancelAnnotation,
  claimedAnnotation,
  endedJobsAnnotation,
  existingAnnotation,
  fromPlanAnnotation,
  hooksAnnotation,
  impersonateGroupsAnnotation,
  impersonateUserAnnotation,
  imagesAnnotation,
  isolateAnnotation,
  managedFieldsAnnotation,
  objectsAnnotation,
  ownersAnnotation,
  pauseAnnotation,
  planAnnotation,
  politeAnnotation,
  replicasAnnotation,
  requestedByAnnotation,
  retriedAnnotation,
  retryAnnotation,
  retryRefusedAnnotation,
  runAnnotation,
  secondChancesAnnotation,
  storageClassesAnnotation,
  undoneAnnotation,
  validateAnnotation,
} from '../../velero/labels.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import { actingUser, faultOfGroups, faultOfOtherUser, faultOfUser } from './acting-user.ts'
import type { ActingUser } from './acting-user.ts'
import { entriesMax, entriesOf, pairsOf, quoted } from './entries.ts'
import { clashWithSpec, existingRulesOf, faultOfExisting } from './existing.ts'
import type { ExistingRule } from './existing.ts'
import { faultOfPolicy } from './restore-policy.ts'
import type { RestorePolicy } from './restore-policy.ts'
import type { Manifest } from '../../velero/manifest.ts'

/** An annotation that a Restore may have. */
export interface RestoreAnnotation {
  name: string
  /** What it takes, for people. */
  takes: string
  /** Whether people set it; Drydock sets the others. */
  isForPeople: boolean
  /** Whether it is about the run of this Restore alone: another restore of the same request does not get it. */
  isOfTheRun: boolean
  /** What is wrong with a value; undefined for one that it takes. */
  faultOf?: (value: string) => string | undefined
}

/** What people have asked for by annotations, beyond what the spec of a Restore can say. */
export interface Asked {
  objects?: readonly AskedObject[]
  storageClasses?: Readonly<Record<string, string>>
  images?: readonly (readonly [from: string, to: string])[]
  endedJobs?: 'leave-out' | 'suspend'
  isolate?: true
  replicas?: 'zero' | 'scale-back'
  existing?: readonly ExistingRule[]
  owners?: 'relink'
}

/** One object of the backup that is asked for; `resource` is as people say it, such as `deploy`. */
export interface AskedObject {
  resource: string
  /** Absent for an object of the cluster. */
  namespace?: string
  name: string
}

const ofUs = 'drydock.io/'

const oneOf =
  (...words: readonly string[]) =>
  (value: string) =>
    words.includes(value) ? undefined : `it may be ${words.map((word) => `"${word}"`).join(' or ')}`

const byPeople = (name: string, takes: string, faultOf?: RestoreAnnotation['faultOf']): RestoreAnnotation => ({
  name,
  takes,
  isForPeople: true,
  isOfTheRun: false,
  ...(faultOf && { faultOf }),
})
const ofTheRun = (...about: Parameters<typeof byPeople>): RestoreAnnotation => ({
  ...byPeople(...about),
  isOfTheRun: true,
})
const byUs = (name: string): RestoreAnnotation => ({
  name,
  takes: 'set by Drydock',
  isForPeople: false,
  isOfTheRun: true,
})

/** All annotations of Drydock that a Restore may have; docs/annotations.md explains them. */
export const restoreAnnotations: readonly RestoreAnnotation[] = [
  byPeople(objectsAnnotation, '`<resource>/<namespace>/<name>` or `<resource>/<name>`, with commas', faultOfObjects),
  byPeople(storageClassesAnnotation, '`<old>=<new>`, with commas', faultOfPairs),
  byPeople(imagesAnnotation, '`<old>=<new>`, with commas', faultOfPairs),
  byPeople(endedJobsAnnotation, '`leave-out` or `suspend`', oneOf('leave-out', 'suspend')),
  byPeople(isolateAnnotation, '`true` or `false`', oneOf('true', 'false')),
  byPeople(ownersAnnotation, '`relink` or `drop`', oneOf('relink', 'drop')),
  byPeople(replicasAnnotation, '`zero` or `scale-back`', oneOf('zero', 'scale-back')),
  byPeople(existingAnnotation, '`<policy>` or `<resource>=<policy>`, with commas', faultOfExisting),
  byPeople(impersonateUserAnnotation, '`<user>`', faultOfUser),
  byPeople(impersonateGroupsAnnotation, '`<group>,<group>`', faultOfGroups),
  byPeople(validateAnnotation, '`true` or `false`', oneOf('true', 'false')),
  byPeople(managedFieldsAnnotation, '`owners` or `exact`', oneOf('owners', 'exact')),
  byPeople(politeAnnotation, '`true` or `false`', oneOf('true', 'false')),
  byPeople(secondChancesAnnotation, '`true` or `false`', oneOf('true', 'false')),
  byPeople(hooksAnnotation, '`at-most-once` or `at-least-once`', oneOf('at-most-once', 'at-least-once')),
  ofTheRun(planAnnotation, '`true` or `false`', (value) => oneOf('true', 'false')(value.trim().toLowerCase())),
  ofTheRun(adoptAnnotation, '`true` or `false`', oneOf('true', 'false')),
  ofTheRun(cancelAnnotation, 'a reason'),
  ofTheRun(pauseAnnotation, 'a reason'),
  ofTheRun(retryAnnotation, 'a token'),
  byUs(fromPlanAnnotation),
  byUs(requestedByAnnotation),
  byUs(claimedAnnotation),
  byUs(retriedAnnotation),
  byUs(retryRefusedAnnotation),
  byUs(runAnnotation),
  byUs(undoneAnnotation),
]

/** What a worker says about the users of restores. */
export interface AskedOfWorker {
  /** As whom all restores write; undefined for itself, or whom a Restore names. */
  actingUser?: ActingUser | undefined
  policy?: RestorePolicy | undefined
}

/**
 * What is wrong with the annotations of a Restore, a sentence each: what nobody knows must not be passed over in silence, nor
 * what its spec contradicts. Where the worker has a user for all restores, a Restore may name no other one; where it has a policy, one
 * whom that names.
 */
export function annotationFaults(
  annotations: Readonly<Record<string, string>> = {},
  spec: Pick<RestoreSpec, 'hooks' | 'existingResourcePolicy'> = {},
  ofWorker: AskedOfWorker = {},
): string[] {
  const faults = Object.entries(annotations).flatMap(([name, value]) => {
    if (!name.startsWith(ofUs)) return []
    const known = restoreAnnotations.find((one) => one.name === name)
    if (known === undefined) return [`annotation ${name} is unknown: ${namesForPeople()}`]
    const fault =
      known.faultOf?.(value) ??
      (name === existingAnnotation ? clashWithSpec(value, spec.existingResourcePolicy) : undefined)
    return fault === undefined ? [] : [`annotation ${name} is ${quoted(value)}: ${fault}`]
  })
  faults.push(...userFaults(annotations, ofWorker))
  const { [replicasAnnotation]: replicas } = annotations
  if (replicas === undefined || (spec.hooks?.resources ?? []).length === 0) return faults
  const noPods = 'pods of workloads are left out then, so spec.hooks has no pods to run in: remove one of the two'
  return [...faults, `annotation ${replicasAnnotation} is ${quoted(replicas)}: ${noPods}`]
}

/** Why a restore may not be made as the user whom a Restore names, or without one, a sentence each. */
export function userFaults(
  annotations: Readonly<Record<string, string>> = {},
  { actingUser: ofWorker, policy }: AskedOfWorker,
): string[] {
  const { [impersonateGroupsAnnotation]: groups, [impersonateUserAnnotation]: user } = annotations
  const other = faultOfOtherUser(annotations, ofWorker) ?? faultOfPolicy(policy, actingUser(annotations, ofWorker))
  return [
    ...(groups !== undefined && user === undefined
      ? [
          `annotation ${impersonateGroupsAnnotation} is ${quoted(groups)}: whose groups these are is not said: set ${impersonateUserAnnotation} too`,
        ]
      : []),
    ...(other === undefined ? [] : [other]),
  ]
}

/** What people have asked for by annotations that are valid. */
export function askedBy(annotations: Readonly<Record<string, string>> = {}): Asked {
  const { [objectsAnnotation]: objects, [storageClassesAnnotation]: classes } = annotations
  const { [imagesAnnotation]: images, [endedJobsAnnotation]: jobs, [replicasAnnotation]: replicas } = annotations
  const { [existingAnnotation]: existing } = annotations
  return {
    ...(objects !== undefined && { objects: entriesOf(objects).flatMap((entry) => objectOf(entry) ?? []) }),
    ...(classes !== undefined && { storageClasses: Object.fromEntries(pairsOf(classes)) }),
    ...(images !== undefined && { images: pairsOf(images) }),
    ...(annotations[isolateAnnotation] === 'true' && { isolate: true }),
    ...((jobs === 'leave-out' || jobs === 'suspend') && { endedJobs: jobs }),
    ...(annotations[ownersAnnotation] === 'relink' && { owners: 'relink' }),
    ...((replicas === 'zero' || replicas === 'scale-back') && { replicas }),
    ...(existing !== undefined && { existing: existingRulesOf(existing) }),
  }
}

function namesForPeople(): string {
  return `it may be one of ${restoreAnnotations.flatMap(({ name, isForPeople }) => (isForPeople ? [name] : [])).join(', ')}`
}

function objectOf(entry: string): AskedObject | undefined {
  const parts = entry.split('/')
  const [resource = '', first = '', second] = parts
  if (parts.length > 3 || parts.some((part) => part === '') || parts.length < 2) return undefined
  return second === undefined ? { resource, name: first } : { resource, namespace: first, name: second }
}

function faultOfObjects(value: string): string | undefined {
  const entries = entriesOf(value)
  if (entries.length === 0) return 'it names no object'
  if (entries.length > entriesMax) return `it names ${entries.length} objects, and may name ${entriesMax}`
  const bad = entries.find((entry) => objectOf(entry) === undefined)
  return bad === undefined ? undefined : `${quoted(bad)} is neither <resource>/<namespace>/<name> nor <resource>/<name>`
}

function faultOfPairs(value: string): string | undefined {
  const pairs = pairsOf(value)
  if (pairs.length === 0) return 'it maps nothing'
  if (pairs.length > entriesMax) return `it has ${pairs.length} entries, and may have ${entriesMax}`
  if (pairs.some(([from, to]) => from === '' || to === '')) return 'it takes <old>=<new>, with commas between them'
  const twice = pairs.find(([from], index) => pairs.findIndex(([other]) => other === from) !== index)
  return twice === undefined ? undefined : `${quoted(twice[0])} is mapped twice`
}

/**
 * What people ask for by annotations of one Restore, as the ConfigMaps that Velero's actions read: they stand in the place of those
 * in the cluster. By the names of the actions.
 */
export function askedConfigs({ storageClasses, images }: Asked, namespace: string): Record<string, Manifest[]> {
  const configMap = (name: string, data: Record<string, string>): Manifest[] => [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data },
  ]
  // The action takes its rules in the order of their keys.
  const rows = (images ?? []).map(([from, to], index) => [String(index).padStart(4, '0'), `${from},${to}`] as const)
  return {
    ...(storageClasses && {
      'velero.io/change-storage-class': configMap('asked-storage-classes', { ...storageClasses }),
    }),
    ...(images && { 'velero.io/change-image-name': configMap('asked-images', Object.fromEntries(rows)) }),
  }
}
