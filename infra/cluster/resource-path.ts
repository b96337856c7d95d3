import type { ResourceRef } from '../../velero/resource.ts'

/** The path of a resource's collection, in one namespace or, without one, in the whole cluster. */
export function collectionPath(resource: ResourceRef, namespace?: string): string {
  const root =
    resource.group === ''
      ? `/api/${escapeSegment(resource.version)}`
      : `/apis/${escapeSegment(resource.group)}/${escapeSegment(resource.version)}`
  const scope = namespace === undefined || namespace === '' ? '' : `/namespaces/${escapeSegment(namespace)}`
  return `${root}${scope}/${escapeSegment(resource.resource)}`
}

/** The path of one object, or of a subresource of it. */
export function objectPath(ref: ResourceRef & { namespace?: string; name: string }, subresource?: string): string {
  const path = `${collectionPath(ref, ref.namespace)}/${escapeSegment(ref.name)}`
  return subresource === undefined ? path : `${path}/${escapeSegment(subresource)}`
}

/**
 * RBAC names may hold colons, percent signs, spaces and more. What no object can be named would silently address
 * another path, so it is refused here in the API server's words.
 */
function escapeSegment(segment: string): string {
  if (segment === '' || segment === '.' || segment === '..' || segment.includes('/')) {
    throw new TypeError(`invalid path segment ${JSON.stringify(segment)}`)
  }
  return encodeURIComponent(segment)
}
