import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { isOfRestore } from '../items/field-owners.ts'
import { isJsonMap } from '../values/manifest-json.ts'

/** The path of a field: names of fields, and `[key]` for elements of lists that have a key. */
type Path = readonly string[]

/**
 * The fields in which a live object differs from the written one, such as `spec.template.spec.containers[web].image`.
 * Only fields that were written are compared, so defaults and other additions are no difference. A field that the API
 * server or a controller owns is no difference either: these fields are in a list, or managedFields say that a
 * controller wrote them after `writtenAt` (RFC 3339). What the restore itself created in the name of a controller does not count.
 */
export function compareWritten(
  written: Manifest,
  live: Manifest,
  { groupResource, writtenAt }: { groupResource: GroupResource; writtenAt: string },
): string[] {
  const found: Path[] = []
  for (const [key, value] of Object.entries(written)) {
    if (['apiVersion', 'kind', 'metadata', 'status'].includes(key)) continue
    compare(value, live[key], [key], found)
  }
  for (const key of ['labels', 'annotations'] as const)
    compare(written.metadata[key] ?? {}, live.metadata[key] ?? {}, ['metadata', key], found)
  const isSince = (entry: ManagedFieldsEntry) => isLater(entry, writtenAt) && !isOfRestore(entry, live)
  const since = live.metadata.managedFields?.filter(isSince) ?? []
  return found
    .filter((path) => !isOwnedByOthers(groupResource, path) && !since.some((entry) => holdsPath(entry, path)))
    .map(formatPath)
}

function compare(written: unknown, live: unknown, path: Path, found: Path[]): void {
  if (isNothing(written) && isNothing(live)) return
  if (isJsonMap(written) && isJsonMap(live)) {
    for (const [key, value] of Object.entries(written)) compare(value, live[key], [...path, key], found)
  } else if (Array.isArray(written) && Array.isArray(live)) compareLists(written, live, path, found)
  else if (!isSameScalar(written, live)) found.push(path)
}

/** Fields by which Kubernetes identifies elements of lists. */
const itemKeys = ['name', 'key', 'mountPath', 'containerPort', 'port', 'ip', 'type', 'uid']

function compareLists(written: readonly unknown[], live: readonly unknown[], path: Path, found: Path[]): void {
  const key = itemKeys.find((name) => [...written, ...live].every((item) => isJsonMap(item) && name in item))
  if (key === undefined) {
    if (written.length !== live.length) found.push(path)
    else written.forEach((item, index) => compare(item, live[index], [...path, `[${index}]`], found))
    return
  }
  for (const item of written as Record<string, unknown>[]) {
    const twin = (live as Record<string, unknown>[]).find((other) => other[key] === item[key])
    compare(item, twin, [...path, `[${String(item[key])}]`], found)
  }
}

/** Whether a value means the same as an absent field: the API server removes empty values and adds zero and false. */
function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true
  return Array.isArray(value) ? value.length === 0 : isJsonMap(value) && Object.keys(value).length === 0
}

function isSameScalar(written: unknown, live: unknown): boolean {
  return written === live || JSON.stringify(written) === JSON.stringify(live)
}

/** Names of field managers that are parts of the cluster, and not people. */
const controllerNames = /controller|scheduler|kubelet|operator|autoscaler|injector|kube-apiserver|provisioner/i

function isLater(entry: ManagedFieldsEntry, writtenAt: string): boolean {
  if (!controllerNames.test(entry.manager ?? '')) return false
  return entry.time !== undefined && Date.parse(entry.time) >= Date.parse(writtenAt) - 1000
}

function holdsPath(entry: ManagedFieldsEntry, path: Path): boolean {
  let at: unknown = entry.fieldsV1
  for (const part of path) {
    if (!isJsonMap(at)) return true
    const key = part.startsWith('[') ? Object.keys(at).find((one) => namesItem(one, part)) : `f:${part}`
    if (key === undefined || !(key in at)) return Object.keys(at).length === 0
    at = at[key]
  }
  return true
}

function namesItem(key: string, part: string): boolean {
  return key.startsWith('k:') && key.includes(`:${JSON.stringify(part.slice(1, -1))}`)
}

function formatPath(path: Path): string {
  return path.reduce((text, part) => {
    if (text === '' || part.startsWith('[')) return `${text}${part}`
    return /^[A-Za-z0-9_-]+$/.test(part) ? `${text}.${part}` : `${text}[${JSON.stringify(part)}]`
  }, '')
}

/**
 * Fields that the API server or controllers set in any case. `*` is any one name; a path includes all fields below it.
 */
const anyResource: readonly string[] = [
  'metadata/annotations/deployment.kubernetes.io/revision',
  'metadata/annotations/pv.kubernetes.io/*',
  'metadata/annotations/volume.kubernetes.io/*',
  'metadata/annotations/volume.beta.kubernetes.io/*',
  'metadata/annotations/endpoints.kubernetes.io/*',
  'metadata/annotations/control-plane.alpha.kubernetes.io/*',
]

const byResource: Readonly<Record<GroupResource, readonly string[]>> = {
  pods: ['spec/nodeName', 'spec/tolerations', 'spec/priority', 'spec/preemptionPolicy', 'spec/overhead'],
  services: ['spec/clusterIP', 'spec/clusterIPs', 'spec/healthCheckNodePort', 'spec/ports/*/nodePort'],
  persistentvolumeclaims: ['spec/volumeName', 'spec/volumeMode'],
  persistentvolumes: ['spec/claimRef', 'spec/persistentVolumeReclaimPolicy'],
  serviceaccounts: ['secrets', 'imagePullSecrets'],
  secrets: [],
  endpoints: ['subsets', 'metadata/labels'],
  'endpointslices.discovery.k8s.io': ['endpoints', 'ports', 'metadata/labels'],
  'leases.coordination.k8s.io': ['spec'],
  'validatingwebhookconfigurations.admissionregistration.k8s.io': ['webhooks/*/clientConfig/caBundle'],
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': ['webhooks/*/clientConfig/caBundle'],
  'apiservices.apiregistration.k8s.io': ['spec/caBundle'],
  'customresourcedefinitions.apiextensions.k8s.io': ['spec/conversion'],
  'horizontalpodautoscalers.autoscaling': ['metadata/annotations'],
}

/** Whether the API server or a controller owns a field. */
function isOwnedByOthers(groupResource: GroupResource, path: readonly string[]): boolean {
  return [...anyResource, ...(byResource[groupResource] ?? [])].some((pattern) => holds(pattern, path))
}

/**
 * Whether a path is the pattern or below it. The key of an annotation is one part of the path, though it has a slash.
 */
function holds(pattern: string, path: readonly string[]): boolean {
  const [, prefix, rest] = /^(metadata\/annotations)\/(.*)$/.exec(pattern) ?? []
  if (prefix !== undefined && rest !== undefined) {
    const name = path[0] === 'metadata' && path[1] === 'annotations' ? path[2] : undefined
    if (name === undefined) return false
    return rest.endsWith('*') ? name.startsWith(rest.slice(0, -1)) : name === rest
  }
  const parts = pattern.split('/')
  return parts.length <= path.length && parts.every((part, index) => part === '*' || part === path[index])
}
