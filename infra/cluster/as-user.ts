import type { Cluster } from '../../activities/ports.ts'
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
 * A cluster in which all is read, and Velero's own objects are written, by `own`; the rest is written by `theirs`. Whether the user may
 * write into Velero's namespace is asked when the restore is planned, as for all others.
 */
export function asUser(own: Cluster, theirs: Writes, veleroNamespace: string): Cluster {
  const by = ({ group }: { group: string }, namespace: string | undefined): Writes =>
    group === 'velero.io' || namespace === veleroNamespace ? own : theirs
  return {
    ...own,
    create: (resource, namespace, ...rest) => by(resource, namespace).create(resource, namespace, ...rest),
    patch: (ref, ...rest) => by(ref, ref.namespace).patch(ref, ...rest),
    replaceStatus: (ref, ...rest) => by(ref, ref.namespace).replaceStatus(ref, ...rest),
    remove: (ref, ...rest) => by(ref, ref.namespace).remove(ref, ...rest),
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
