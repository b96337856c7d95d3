import type { Cluster, WriteOptions } from '../../activities/ports.ts'
import { faultOfGroups, faultOfUser } from '../../core/asked/acting-user.ts'
import type { Access, ActingUser } from '../../core/asked/acting-user.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { Credentials } from './credentials.ts'

type Writes = Pick<Cluster, 'create' | 'patch' | 'replaceStatus' | 'remove'>

/**
 * The heads of a request with these credentials, made as somebody else where a user is named. A kubeconfig that acts as a user by itself
 * (`as`) gives the worker the rights of that user and no more: to act as another one would take that away, so it is refused, as Kubernetes
 * refuses what is forbidden. So is a name that no Restore could have been admitted with.
 */
export function headersAs(
  { headers }: Pick<Credentials, 'headers'>,
  user: ActingUser | undefined,
): Record<string, string | string[]> {
  if (user === undefined) return { ...headers }
  const { 'impersonate-user': already } = headers
  if (already !== undefined)
    throw forbidden(
      `its kubeconfig acts as user ${already} (as), which would be lost: give the worker a kubeconfig without as, or name no user`,
    )
  const fault = faultOfUser(user.user) ?? (user.groups.length === 0 ? undefined : faultOfGroups(user.groups.join()))
  if (fault !== undefined) throw forbidden(fault)
  return {
    ...headers,
    'impersonate-user': user.user,
    ...(user.groups.length === 0 ? {} : { 'impersonate-group': [...user.groups] }),
  }
}

function forbidden(message: string): ApiError {
  return new ApiError({ code: 403, reason: 'Forbidden', message })
}

/**
 * A cluster in which all is read by `own`, and all is written by `theirs`, in each namespace and of each kind, but for what a call names
 * as an object of Drydock itself.
 */
export function asUser(own: Cluster, theirs: Writes): Cluster {
  const by = (options: Pick<WriteOptions, 'ofDrydock'> | undefined): Writes =>
    options?.ofDrydock === true ? own : theirs
  return {
    ...own,
    create: (resource, namespace, manifest, options) => by(options).create(resource, namespace, manifest, options),
    patch: (ref, patch, options) => by(options).patch(ref, patch, options),
    replaceStatus: (ref, manifest, options) => by(options).replaceStatus(ref, manifest, options),
    remove: (ref, options) => by(options).remove(ref, options),
  }
}

const reviews = { group: 'authorization.k8s.io', version: 'v1', resource: 'selfsubjectaccessreviews' }

/** Asks the API server, as that user, what it may do. */
export async function mayDo(
  theirs: Writes,
  { verb, group, resource, subresource = '', namespace = '' }: Access,
): Promise<boolean> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb, group, resource, subresource, namespace } },
  }
  const answer = await theirs.create(reviews, undefined, review, { fieldManager: 'drydock' })
  return (answer['status'] as { allowed?: boolean } | undefined)?.allowed === true
}
