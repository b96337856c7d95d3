import { actingUser, isSameUser, userInWords } from '../../core/asked/acting-user.ts'
import type { ActingUser } from '../../core/asked/acting-user.ts'
import { faultOfPolicy, permitsOf } from '../../core/asked/restore-policy.ts'
import type { PolicyObject } from '../../core/asked/restore-policy.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { Restore } from '../../velero/restore.ts'
import { formatGroupResource } from '../../velero/resource.ts'
import type { ResourceRef } from '../../velero/resource.ts'
import type { Cluster, Ports, WriteOptions } from '../ports.ts'
import type { Settings } from '../settings.ts'
import type { StoredAdmission } from './journal.ts'

type ActingSettings = Pick<Settings, 'actingUser'> & Partial<Pick<Settings, 'policy'>>

/** As whom a restore is made: the user of the worker, else that of the worker that admitted it, else the one whom the Restore named then. */
export function userOf(
  { restore, actingUser: atAdmission }: Pick<StoredAdmission, 'restore' | 'actingUser'>,
  settings: ActingSettings,
): ActingUser | undefined {
  return actingUser(restore.annotations, settings.actingUser ?? atAdmission)
}

/**
 * Why nothing may be written for a restore: its user is none of the policy, or the Restore names another one than the journal. The
 * journal is in the bucket, where others may write, and a user may be named right after the Restore was read. `live` is the Restore as
 * it stands now; undefined where it is gone.
 */
export function whyNotActing(
  admission: Pick<StoredAdmission, 'restore' | 'actingUser'>,
  settings: ActingSettings,
  live: Restore | undefined,
): string | undefined {
  const user = userOf(admission, settings)
  if (live !== undefined) {
    const named = actingUser(live.metadata.annotations, settings.actingUser ?? admission.actingUser)
    if (!isSameUser(user, named))
      return `the Restore names ${userInWords(named)} now, but was admitted with ${userInWords(user)}`
  }
  return faultOfPolicy(settings.policy, user)
}

/**
 * The ports by which a restore writes what it restores: as the user whom Restore or worker name, or as the worker itself, and within the
 * policy of the worker. Each write that may not be is refused as the API server would refuse it.
 */
export function actingFor(
  ports: Ports,
  settings: ActingSettings,
  { admission, live }: { admission: Pick<StoredAdmission, 'restore' | 'actingUser'>; live: Restore | undefined },
): Ports {
  const user = userOf(admission, settings)
  const acting: Ports =
    user === undefined
      ? ports
      : {
          ...ports,
          cluster: ports.cluster.as(user),
          exec: { run: (command, options) => ports.exec.run(command, { ...options, as: user }) },
        }
  const why = whyNotActing(admission, settings, live)
  if (why !== undefined) return guarded(acting, () => why)
  const permits = permitsOf(settings.policy, user)
  if (permits === undefined) return acting
  const whom = user === undefined ? 'a restore without a user' : `user ${user.user}`
  return guarded(acting, (object) => {
    if (permits(object)) return undefined
    const where = object.namespace === undefined ? '' : ` into namespace ${object.namespace}`
    return `the worker's policy does not let ${whom} restore ${formatGroupResource(object.resource, object.group)}${where}`
  })
}

const pods = { group: '', resource: 'pods' }

/** The ports, where each write of what is restored is first asked about, and refused with the sentence that comes back. */
function guarded(ports: Ports, refusalOf: (object: PolicyObject) => string | undefined): Ports {
  const { exec } = ports
  return {
    ...ports,
    cluster: guardedCluster(ports.cluster, refusalOf),
    exec: {
      run: async (command, options) => {
        const problem = refusalOf({ ...pods, namespace: command.namespace })
        return problem === undefined ? exec.run(command, options) : { do: 'ended', problem, stdout: '', stderr: '' }
      },
    },
  }
}

function guardedCluster(cluster: Cluster, refusalOf: (object: PolicyObject) => string | undefined): Cluster {
  const check = (
    { group, resource }: ResourceRef,
    { namespace, name }: { namespace?: string | undefined; name: string },
    options: Pick<WriteOptions, 'ofDrydock'> | undefined,
  ): void => {
    if (options?.ofDrydock === true) return
    const isNamespace = group === '' && resource === 'namespaces'
    const message = refusalOf({ group, resource, namespace: isNamespace ? name : namespace })
    if (message !== undefined) throw new ApiError({ code: 403, reason: 'Forbidden', message })
  }
  return {
    ...cluster,
    as: (user) => guardedCluster(cluster.as(user), refusalOf),
    async create(resource, namespace, manifest, options) {
      const { metadata } = manifest as { metadata?: { name?: string } }
      check(resource, { namespace, name: metadata?.name ?? '' }, options)
      return cluster.create(resource, namespace, manifest, options)
    },
    async patch(ref, patch, options) {
      check(ref, ref, options)
      return cluster.patch(ref, patch, options)
    },
    async replaceStatus(ref, manifest, options) {
      check(ref, ref, options)
      return cluster.replaceStatus(ref, manifest, options)
    },
    async remove(ref, options) {
      check(ref, ref, options)
      return cluster.remove(ref, options)
    },
  }
}
