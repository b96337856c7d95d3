import type { Cluster, WriteOptions } from '../../activities/ports.ts'
import type { Access, ActingUser } from '../../core/asked/acting-user.ts'

type Writes = Pick<Cluster, 'create' | 'patch' | 'replaceStatus' | 'remove'>

/** The heads of a request that is made as somebody else; none without a user. */
export function impersonation(user: ActingUser | undefined): Record<string, string | string[]> {
  if (user === undefined) return {}
  return {
    'impersonate-user': user.user,
    ...(user.groups.length === 0 ? {} : { 'impersonate-group': [...user.groups] }),
  }
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
export async function mayDo(theirs: Writes, { verb, group, resource, namespace = '' }: Access): Promise<boolean> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb, group, resource, namespace } },
  }
  const answer = await theirs.create(reviews, undefined, review, { fieldManager: 'drydock' })
  return (answer['status'] as { allowed?: boolean } | undefined)?.allowed === true
}
