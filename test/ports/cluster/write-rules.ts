import type { Manifest, Metadata } from '../../../velero/manifest.ts'
import type { Kind } from './kinds.ts'
import { isSame } from './objects.ts'
import { badRequest, invalid } from './refusals.ts'

/** Refuses an object that does not fit the place it is posted to. */
export function checkPosted(posted: Manifest, kind: Kind, namespace: string | undefined): void {
  const wanted = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
  if ((posted.apiVersion ?? wanted) !== wanted || (posted.kind ?? kind.kind) !== kind.kind)
    throw badRequest(`${posted.kind} in version "${posted.apiVersion}" cannot be handled as a ${kind.kind}`)
  const said = posted.metadata.namespace
  if (said !== undefined && said !== '' && said !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

const subdomain = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'

/** Refuses a name that no object of most kinds may have. */
export function checkName(name: string, kind: Kind): void {
  if (kind.group === 'rbac.authorization.k8s.io' || new RegExp(`^${subdomain}$`).test(name)) return
  const text =
    `Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ` +
    `and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`
  throw invalid(kind, name, { field: 'metadata.name', reason: 'FieldValueInvalid', text })
}

/** An object that is being deleted gets no new finalizer. */
export function checkFinalizers(live: Manifest, wanted: Manifest, kind: Kind): void {
  if (live.metadata.deletionTimestamp === undefined) return
  const standing = live.metadata.finalizers ?? []
  const added = (wanted.metadata.finalizers ?? []).filter((one) => !standing.includes(one))
  if (added.length === 0) return
  const list = added.map((one) => JSON.stringify(one)).join(', ')
  const text = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
  throw invalid(kind, live.metadata.name, { field: 'metadata.finalizers', reason: 'FieldValueForbidden', text })
}

/** What the server alone may set. */
const servers = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

/** The wanted object with all that this write may not change as it was: the status, or all but the status. */
export function withoutForbidden(
  live: Manifest,
  wanted: Manifest,
  kind: Kind,
  subresource: 'status' | undefined,
): Manifest {
  const status = subresource === 'status' || !kind.hasStatus ? wanted['status'] : live['status']
  const base = subresource === 'status' ? live : wanted
  const metadata: Metadata = { ...base.metadata }
  for (const field of servers) {
    delete metadata[field]
    if (live.metadata[field] !== undefined) Object.assign(metadata, { [field]: live.metadata[field] })
  }
  const { status: _status, ...rest } = base
  return { ...(rest as Manifest), ...(status === undefined ? {} : { status }), metadata }
}

/** Whether a change is one of those that the generation counts: all but metadata and, where it is a subresource, status. */
export function isCounted(live: Manifest, next: Manifest, kind: Kind): boolean {
  const part = ({ metadata: _metadata, status, ...rest }: Manifest) => (kind.hasStatus ? rest : { ...rest, status })
  return !isSame(part(live), part(next))
}
