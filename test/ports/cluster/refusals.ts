import { ApiError } from '../../../core/port-errors.ts'
import type { ApiErrorCause } from '../../../core/port-errors.ts'
import type { ResourceRef } from '../../../velero/resource.ts'
import type { Kind } from './kinds.ts'

/* The API server's own words for what it refuses, as a server of v1.36 was heard to say them. */

/** `configmaps`, `restores.velero.io`. */
function qualified({ group, resource }: Pick<ResourceRef, 'group' | 'resource'>): string {
  return group === '' ? resource : `${resource}.${group}`
}

/** A path that leads nowhere: the kind is not served. */
export function notServed(): ApiError {
  const causes = [{ reason: 'UnexpectedServerResponse', message: '404 page not found' }]
  return new ApiError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    causes,
  })
}

export function notFound(resource: Pick<ResourceRef, 'group' | 'resource'>, name: string): ApiError {
  return new ApiError({ code: 404, reason: 'NotFound', message: `${qualified(resource)} "${name}" not found` })
}

/** A kind without a status was asked for it: built-in ones have no such path, custom ones no such object. */
export function noStatus(kind: Kind, name: string): ApiError {
  if (kind.custom) return notFound(kind, name)
  return new ApiError({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource' })
}

export function alreadyExists(kind: Kind, name: string, isBeingDeleted: boolean): ApiError {
  const opening = isBeingDeleted ? 'object is being deleted: ' : ''
  return new ApiError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${opening}${qualified(kind)} "${name}" already exists`,
  })
}

/** The resourceVersion of an update is not that of the live object. */
export function modified(kind: Kind, name: string): ApiError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again'
  return conflict(qualified(kind), name, why)
}

/** A precondition of a delete does not hold. Only here the kind stands in place of the resource. */
export function otherUid(kind: Kind, name: string, asked: string, live: string): ApiError {
  const why = `the UID in the precondition (${asked}) does not match the UID in record (${live}). The object might have been deleted and then recreated`
  return conflict(kind.custom ? qualified(kind) : kind.kind, name, why)
}

export function otherVersion(kind: Kind, name: string, asked: string, live: string): ApiError {
  const why = `the ResourceVersion in the precondition (${asked}) does not match the ResourceVersion in record (${live}). The object might have been modified`
  return conflict(kind.custom ? qualified(kind) : kind.kind, name, why)
}

function conflict(what: string, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${what} "${name}": ${why}`
  return new ApiError({ code: 409, reason: 'Conflict', message })
}

export function namespaceTerminating(kind: Kind, name: string, namespace: string): ApiError {
  return new ApiError({
    code: 403,
    reason: 'Forbidden',
    message: `${qualified(kind)} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  })
}

export function badRequest(message: string): ApiError {
  return new ApiError({ code: 400, reason: 'BadRequest', message })
}

/** One field is not valid. */
export function invalid(kind: Kind, name: string, fault: { field: string; reason: string; text: string }): ApiError {
  const cause: ApiErrorCause = { reason: fault.reason, message: fault.text, field: fault.field }
  const subject = kind.custom ? qualified(kind) : kind.kind
  const message = `${subject} "${name}" is invalid: ${fault.field}: ${fault.text}`
  return new ApiError({ code: 422, reason: 'Invalid', message, causes: [cause] })
}

export function versionOnCreate(): ApiError {
  return new ApiError({
    code: 500,
    reason: '',
    message: 'resourceVersion should not be set on objects to be created',
  })
}

export function noName(kind: Kind): ApiError {
  const text = 'Required value: name or generateName is required'
  return invalid(kind, '', { field: 'metadata.name', reason: 'FieldValueRequired', text })
}

/** A custom object is not replaced blindly. */
export function noVersion(kind: Kind, name: string): ApiError {
  const text = 'Invalid value: 0: must be specified for an update'
  return invalid(kind, name, { field: 'metadata.resourceVersion', reason: 'FieldValueInvalid', text })
}

export function immutableUid(kind: Kind, name: string, asked: string): ApiError {
  const text = `Invalid value: "${asked}": field is immutable`
  return invalid(kind, name, { field: 'metadata.uid', reason: 'FieldValueInvalid', text })
}

export function otherName(asked: string, name: string): ApiError {
  return badRequest(`the name of the object (${asked}) does not match the name on the URL (${name})`)
}
