import type { Cluster, Log, RemoveOptions, WriteOptions } from '../../activities/ports.ts'
import type { ActingUser } from '../../core/asked/acting-user.ts'
import { ApiError, isNotFound } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { discoverResources } from './discovery.ts'
import { listNamedObjects, listObjects } from './list-objects.ts'
import type { ResourceRef } from '../../velero/resource.ts'
import type { LongWrite } from '../presence/write-horizon.ts'

/** The calls of the port `Cluster`, each one request (a list: one per page), none retried. */
export function createObjects(send: Send, log: Log): Omit<Cluster, 'id' | 'as' | 'mayDo'> {
  return {
    get: async (ref) =>
      canBeName(ref.name)
        ? await undefinedWhereMissing(sendManifest(send, { method: 'GET', path: objectPath(ref) }))
        : undefined,
    list: (resource, options = {}) => listObjects(send, collectionPath(resource, options.namespace), options),
    listNamed: (resource, namespace, bounds) => listNamedObjects(send, collectionPath(resource, namespace), bounds),
    discover: (unread) => discoverResources(send, log, unread),
    create: async (resource, namespace, manifest, { fieldManager, deadline, answer, dryRun }) =>
      sendManifest(send, {
        method: 'POST',
        path: collectionPath(resource, namespace),
        query: { fieldManager, ...dry(dryRun) },
        body: manifest,
        deadline,
        answer,
      }),
    patch: async (ref, patch, { fieldManager, subresource, deadline, answer, dryRun }) =>
      sendManifest(send, {
        method: 'PATCH',
        path: objectPath(ref, subresource),
        query: { fieldManager, ...dry(dryRun) },
        body: patch,
        contentType: 'application/merge-patch+json',
        deadline,
        answer,
      }),
    replaceStatus: async (ref, manifest, { fieldManager, deadline, answer, dryRun }) =>
      sendManifest(send, {
        method: 'PUT',
        path: objectPath(ref, 'status'),
        query: { fieldManager, ...dry(dryRun) },
        body: manifest,
        deadline,
        answer,
      }),
    remove: async (ref, options) =>
      undefinedWhereMissing(
        sendManifest(send, {
          method: 'DELETE',
          path: objectPath(ref),
          // Only where there is something to say: after a DELETE with a body the connection is not used again.
          ...(options === undefined ? {} : { body: deleteOptions(options) }),
        }),
      ),
  }
}

function deleteOptions({ propagation, dryRun, ofDrydock: _ours, ...preconditions }: RemoveOptions): object {
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    preconditions,
    ...(propagation && { propagationPolicy: propagation }),
    ...(dryRun && { dryRun: ['All'] }),
  }
}

function dry(dryRun: true | undefined): { dryRun?: 'All' } {
  return dryRun === true ? { dryRun: 'All' } : {}
}

async function sendManifest(send: Send, request: ApiRequest): Promise<Manifest> {
  return (await send(request)) as Manifest
}

async function undefinedWhereMissing(manifest: Promise<Manifest>): Promise<Manifest | undefined> {
  try {
    return await manifest
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

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
  /** As whom it is made; without it as the worker. */
  as?: ActingUser
  /** Rule 7 does not hold for this write: only the renewal of the Lease itself may say so. */
  exempt?: boolean
  /** The server's deadline for it; without it the connection's own for reads or writes. */
  timeoutSeconds?: number
  /** How long a write may take, see `WriteOptions`. */
  deadline?: 'short' | 'long' | undefined
  /** What of the answer is of use, see `WriteOptions`. */
  answer?: WriteOptions['answer']
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

/** The API server's own limit for a write, unless it was started with another one; for most resources it is 34 s. */
const longWriteSeconds = 60

/** How much time a connection gives to a write. */
export interface WriteDeadlines {
  /** The server's deadline for a write (rule 7): where a Lease is kept, 10 s plus this must stay below its 15 s. */
  requestTimeoutSeconds: number
  /** Makes the Lease cover a write that did not end in that time. Without it, such a write is given up. */
  holdLongWrite?: (() => Promise<LongWrite>) | undefined
}

/** What is near the deadline was ended by it, whatever the words: clocks and timers are not that exact. */
const nearSeconds = 0.5

/**
 * Gives a write the time that it needs. It is sent with a short deadline first, which the Lease covers anyway. One that
 * does not end in time is sent again with the API server's own limit, once the Lease covers that (rule 7). `plain` sends
 * a request once; `guard` is asked in place of the connection's own when the request goes on the wire.
 */
export function withWriteDeadlines(
  plain: (request: ApiRequest, guard?: () => void) => Promise<unknown>,
  { requestTimeoutSeconds, holdLongWrite }: WriteDeadlines,
): Send {
  async function sendShort(request: ApiRequest): Promise<unknown> {
    const began = performance.now()
    try {
      return await plain(request)
    } catch (thrown) {
      const seconds = (performance.now() - began) / 1000
      const isLate = seconds > requestTimeoutSeconds - nearSeconds
      throw isLate && thrown instanceof ApiError && isOfDeadline(thrown) ? asOutOfTime(thrown) : thrown
    }
  }

  async function sendLong(request: ApiRequest, hold: NonNullable<typeof holdLongWrite>): Promise<unknown> {
    const held = await hold()
    try {
      return await plain({ ...request, lane: 'slow', timeoutSeconds: longWriteSeconds }, () => held.assertMayWrite())
    } catch (thrown) {
      throw thrown instanceof ApiError && isTimeout(thrown) ? asOutOfTime(thrown) : thrown
    } finally {
      held.release()
    }
  }

  return async (request) => {
    if (holdLongWrite === undefined || request.method === 'GET' || request.timeoutSeconds !== undefined)
      return plain(request)
    if (request.deadline === 'long') return sendLong(request, holdLongWrite)
    try {
      return await sendShort(request)
    } catch (thrown) {
      if (request.deadline === 'short' || !(thrown instanceof ApiError && thrown.outOfTime)) throw thrown
      return sendLong(request, holdLongWrite)
    }
  }
}

function isTimeout({ code, reason }: ApiError): boolean {
  return reason === 'Timeout' || code === 504
}

/** Whether an error may come from the deadline: no answer, the server's own word for it, or a webhook that it cut off. */
function isOfDeadline(error: ApiError): boolean {
  if (error.code === 0) return isTimeout(error)
  return isTimeout(error) || /context deadline exceeded|timeout/i.test(error.message)
}

function asOutOfTime(error: ApiError): ApiError {
  const { code, reason, message, causes, retryAfterSeconds } = error
  return new ApiError({
    code,
    reason,
    message,
    causes,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    outOfTime: true,
    cause: error,
  })
}
