import { backupNameLabel, restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { parseApiVersion } from '../../velero/resource.ts'
import { fieldsAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { canonicalJson, isJsonMap, parseJson, semanticEqual } from '../values/manifest-json.ts'

/**
 * Whether an entry of managedFields owns just the fields that a create of this object sets: then a create in the name of its manager
 * makes an entry that owns the same. The two labels of a restore do not count, nor does the status, which a create does not set.
 *
 * An entry owns fewer where the server, or its admission, has set some by itself: the address family of a Service, the tolerations
 * of a pod. It owns more where the restore has dropped some. Where it cannot be told, the answer is no. Defaults that only the API
 * server of the target cluster knows are not seen here.
 */
export function ownsWhatIsSet(fieldsV1: unknown, object: Manifest): boolean {
  try {
    return ownsAll(fieldsV1, object)
  } catch (thrown) {
    // So deep that the stack does not suffice.
    if (thrown instanceof RangeError) return false
    throw thrown
  }
}

function ownsAll(fieldsV1: unknown, object: Manifest): boolean {
  const { apiVersion: _apiVersion, kind: _kind, status: _status, ...fields } = object
  const metadata = Object.entries(object.metadata).filter(([field]) => !ownedByNobody.has(field))
  const set: Fields = { ...fields, metadata: Object.fromEntries(metadata) }
  const owned = withoutMarks(isJsonMap(fieldsV1) ? fieldsV1 : {}, 'f:')
  return !ownsNoFinalizer(owned, object) && ownsFields(owned, withoutMarks(set, ''), isCustom(object.apiVersion))
}

/** Finalizers of the metadata are owned one by one; those of a Namespace's spec, which have the same name, as a whole. */
function ownsNoFinalizer(owned: Fields, { metadata: { finalizers = [] } }: Manifest): boolean {
  const owner = fieldsAt(owned, 'f:metadata', 'f:finalizers')
  return finalizers.length > 0 && owner !== undefined && Object.keys(owner).length === 0
}

/** Whether a kind may be one of a CustomResourceDefinition, whose lists nobody knows here. */
function isCustom(apiVersion: string): boolean {
  const { group } = parseApiVersion(apiVersion)
  return group.includes('.') && !group.endsWith('.k8s.io')
}

/** Maps of Kubernetes' own kinds that are owned as a whole. */
const wholeMaps: ReadonlySet<string> = new Set([
  'selector',
  'nodeSelector',
  'podSelector',
  'namespaceSelector',
  'labelSelector',
  'objectSelector',
  'fieldRef',
  'resourceFieldRef',
  'configMapKeyRef',
  'secretKeyRef',
  'secretRef',
  'roleRef',
  'scaleTargetRef',
])

/** Lists of Kubernetes' own kinds whose elements are owned one by one; the others are owned as a whole. */
const listsByElement: ReadonlySet<string> = new Set([
  'containers',
  'initContainers',
  'ephemeralContainers',
  'ports',
  'env',
  'volumes',
  'volumeMounts',
  'volumeDevices',
  'imagePullSecrets',
  'hostAliases',
  'topologySpreadConstraints',
  'schedulingGates',
  'resourceClaims',
  'claims',
  'secrets',
  'webhooks',
  'matchConditions',
  'validations',
  'listeners',
])

/**
 * Whether `{}` means all that is in a value. Of a map or list that is owned part by part it means that none of the parts is owned:
 * they have been added by somebody who owns them no more.
 */
function ownsWhole(value: unknown, field: string, custom: boolean): boolean {
  if (Array.isArray(value)) return value.length === 0 || (!custom && !listsByElement.has(field))
  return !isJsonMap(value) || Object.keys(value).length === 0 || (!custom && wholeMaps.has(field))
}

/** Fields of the metadata that belong to nobody. */
export const ownedByNobody: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
])

/**
 * Whether two entries of managedFields own the same fields. The two labels of a restore do not count, nor the map of labels itself, which
 * belongs to whoever sets the first of them.
 */
export function ownsTheSame(now: unknown, before: unknown): boolean {
  const [left, right] = [now, before].map((fieldsV1) => withoutMarks(isJsonMap(fieldsV1) ? fieldsV1 : {}, 'f:'))
  return semanticEqual(left, right)
}

/** Whether an entry of managedFields owns the name of a restore among the labels: only the create of a restore gives it to a manager. */
export function ownsMark(fieldsV1: unknown): boolean {
  return fieldsAt(fieldsV1, 'f:metadata', 'f:labels', `f:${restoreNameLabel}`) !== undefined
}

/** Fields, or who owns them, without the two labels of a restore, and without the maps that hold nothing else. */
function withoutMarks(fields: Fields, prefix: 'f:' | ''): Fields {
  const { [`${prefix}metadata`]: metadata, ...others } = fields
  if (!isJsonMap(metadata)) return fields
  const { [`${prefix}labels`]: labels, ...unlabelled } = metadata
  const marks = ['.', ...[backupNameLabel, restoreNameLabel].map((label) => `${prefix}${label}`)]
  const kept = Object.entries(isJsonMap(labels) ? labels : {}).filter(([label]) => !marks.includes(label))
  const rest = kept.length > 0 ? { ...unlabelled, [`${prefix}labels`]: Object.fromEntries(kept) } : unlabelled
  return Object.keys(rest).length === 0 ? others : { ...others, [`${prefix}metadata`]: rest }
}

/** What is owned inside of a value, by `f:<field>`, `k:<keys of an element>` and `v:<element>`; `.` is the value itself. */
function owns(owned: unknown, value: unknown, { field, custom }: { field: string; custom: boolean }): boolean {
  if (!isJsonMap(owned)) return false
  if (Object.keys(owned).length === 0) return ownsWhole(value, field, custom)
  if (Array.isArray(value)) return ownsElements(owned, value, custom)
  return isJsonMap(value) && ownsFields(owned, value, custom)
}

function ownsFields(owned: Fields, value: Fields, custom: boolean): boolean {
  const parts = partsOf(owned)
  const set = Object.entries(value).filter(([field, part]) => part !== null || Object.hasOwn(owned, `f:${field}`))
  return parts.length === set.length && set.every(([field, part]) => owns(owned[`f:${field}`], part, { field, custom }))
}

/** Elements that are told apart by their place in the list belong to no built-in kind: they count as not owned. */
function ownsElements(owned: Fields, value: readonly unknown[], custom: boolean): boolean {
  const parts = partsOf(owned)
  if (parts.length !== value.length) return false
  const byName = new Map<string, unknown>()
  let keys: string[] | undefined
  for (const part of parts) {
    const named = parsed(part.slice(2))
    if (part.startsWith('k:') && isJsonMap(named)) keys = Object.keys(named)
    else if (!part.startsWith('v:')) return false
    byName.set(canonicalJson(named), owned[part])
  }
  return value.every((element) => owns(byName.get(nameOf(element, keys)), element, { field: '', custom }))
}

/** What an element is told by in its list: the fields that are its keys, or where there are none all that it is. */
function nameOf(element: unknown, keys: readonly string[] | undefined): string {
  if (keys === undefined || !isJsonMap(element)) return canonicalJson(element)
  return canonicalJson(Object.fromEntries(keys.map((key) => [key, element[key]])))
}

/** Undefined for a text that is not JSON: no element is like that. */
function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

const partsOf = (owned: Fields): string[] => Object.keys(owned).filter((part) => part !== '.')
