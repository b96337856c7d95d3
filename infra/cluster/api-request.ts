import { ApiError } from '../../core/port-errors.ts'
import type { ResourceRef } from '../../velero/resource.ts'

/** One request to the API server, before credentials and deadlines are added. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path with every segment escaped, as {@link collectionPath} and {@link objectPath} build it. */
  path: string
  query?: Record<string, string | number | undefined>
  /** A JSON value; it is stringified once. */
  body?: unknown
  contentType?: string
  accept?: string
  /**
   * `bulk` (the default) shares the bounded connections of restores. `vital` has connections of its own, so that a
   * Lease is renewed and a watch is kept however many writes stand in line. So has `slow`: writes that take long.
   */
  lane?: 'bulk' | 'vital' | 'slow'
  /** Rule 7 does not hold for this write: only the renewal of the Lease itself may say so. */
  exempt?: boolean
  /** The server's deadline for it; without it the connection's own for reads or writes. */
  timeoutSeconds?: number
  /** How long a write may take, see `WriteOptions`. */
  deadline?: 'short' | 'long' | undefined
  /** What of the answer is of use, see `WriteOptions`. */
  answer?: 'identity' | undefined
  signal?: AbortSignal
}

/** Sends one request; resolves with the JSON of a success, rejects with `ApiError`. */
export type Send = (request: ApiRequest) => Promise<unknown>

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

/** Whether an object can have this name at all; any other one would silently address another path. */
export function canBeName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name !== '.' && name !== '..' && !name.includes('/')
}

/**
 * RBAC names may hold colons, percent signs, spaces and more. What no object can be named is refused here, as Go's
 * client does. Throws `ApiError` 400.
 */
function escapeSegment(segment: string): string {
  if (canBeName(segment)) return encodeURIComponent(segment)
  const message = `invalid resource name ${JSON.stringify(segment)}: [may not be '.' or '..', may not contain '/']`
  throw new ApiError({ code: 400, reason: 'BadRequest', message })
}
