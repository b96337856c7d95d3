import { restoreRefOf } from '../../contract/restore-workflow.ts'
import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { ApiError, isNotFound } from '../../core/port-errors.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { isTerminal } from '../../velero/phases.ts'
import { asRestore } from '../../velero/restore.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { ClientError, exitCodes } from './errors.ts'

/** Velero's resources that the client reads. */
export type VeleroResource = 'restores' | 'backups' | 'schedules' | 'backupstoragelocations' | 'downloadrequests'

/** The group, version and plural name of one of Velero's resources. */
export function veleroRef(resource: VeleroResource): { group: string; version: string; resource: string } {
  return { group: 'velero.io', version: 'v1', resource }
}

/** Reads a Restore. Throws a `ClientError` with the nearest names where it does not exist. */
export async function requireRestore(connections: Connections, name: string): Promise<Restore> {
  const restore = await readRestore(connections, name)
  if (restore !== undefined) return restore
  throw notFoundError('restore', name, {
    namespace: connections.namespace,
    names: await namesOf(connections, 'restores'),
  })
}

/** Reads a Restore; undefined where it does not exist. */
export async function readRestore({ connection, namespace }: Connections, name: string): Promise<Restore | undefined> {
  const found = await connection.cluster.get({ ...veleroRef('restores'), namespace, name })
  return found === undefined ? undefined : asRestore(found)
}

/** Reads all Restores of Velero's namespace, oldest first; a label selector as in `kubectl -l` limits them. */
export async function readRestores(connections: Connections, labelSelector?: string): Promise<Restore[]> {
  const found = (await listVelero(connections, 'restores', labelSelector)).map(asRestore)
  const createdAt = (restore: Restore) => restore.metadata.creationTimestamp ?? ''
  return found.sort((a, b) => (createdAt(a) < createdAt(b) ? -1 : createdAt(a) > createdAt(b) ? 1 : 0))
}

/** Reads the Restores of all namespaces; those of Velero's namespace where the user may not read the others. */
export async function readAllRestores(connections: Connections): Promise<Restore[]> {
  try {
    return (await connections.connection.cluster.list(veleroRef('restores'))).map(asRestore)
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code === 403) return readRestores(connections)
    throw thrown
  }
}

/** Which Restores are meant: those with these names or, without names, all that a label selector as in `kubectl -l` finds. */
export interface Selection {
  names: readonly string[]
  selector?: string | undefined
}

/**
 * Reads Restores: in the order of their names, or oldest first. Throws a `ClientError` where one does not exist, or where both
 * names and a selector are given.
 */
export async function selectRestores(connections: Connections, { names, selector }: Selection): Promise<Restore[]> {
  if (names.length === 0) return readRestores(connections, selector)
  if (selector !== undefined) throw new ClientError(exitCodes.usage, 'give either names or --selector, not both')
  return Promise.all([...new Set(names)].map((name) => requireRestore(connections, name)))
}

/** Deletes a Restore, unless another one has taken its name. Its files in the bucket are deleted after it. */
export async function deleteRestore({ connection, namespace }: Connections, { metadata }: Restore): Promise<void> {
  const { name, uid } = metadata
  await connection.cluster.remove({ ...veleroRef('restores'), namespace, name }, uid === undefined ? {} : { uid })
}

/** The names of all objects of a resource in Velero's namespace. */
export async function namesOf(connections: Connections, resource: VeleroResource): Promise<string[]> {
  return (await listVelero(connections, resource)).map(({ metadata }) => metadata.name)
}

/** All objects of a resource in Velero's namespace. Throws a `ClientError` where the cluster has no such resource. */
export async function listVelero(
  { connection, namespace }: Connections,
  resource: VeleroResource,
  labelSelector?: string,
): Promise<Manifest[]> {
  try {
    return await connection.cluster.list(veleroRef(resource), {
      namespace,
      ...(labelSelector === undefined ? {} : { labelSelector }),
    })
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown
    throw new ClientError(exitCodes.error, `this cluster does not know Velero's resource ${resource}.velero.io`, {
      cause: thrown,
    })
  }
}

/** What identifies the workflow of a Restore. */
export function refOf({ connection, namespace }: Connections, restore: Restore): RestoreRef {
  return restoreRefOf(restore, { namespace, cluster: connection.cluster.id })
}

/**
 * Whether a restore has ended. A claimed Restore that a starting Velero server has marked as Failed has not: a worker
 * puts its phase back (rule 1).
 */
export function isOver({ metadata, status = {} }: Restore): boolean {
  if (!isTerminal(status.phase)) return false
  return metadata.annotations?.[claimedAnnotation] === undefined || !isSweptByVelero(status)
}

/** The error about an object that does not exist, with the nearest names that do. */
export function notFoundError(
  kind: 'restore' | 'backup' | 'schedule',
  name: string,
  { namespace, names }: { namespace: string; names: readonly string[] },
): ClientError {
  const nearest = nearestNames(name, names).map((near) => JSON.stringify(near))
  const none = names.length === 0 ? '; there is none at all' : ''
  const hint = nearest.length === 0 ? none : `; did you mean ${nearest.join(' or ')}?`
  return new ClientError(exitCodes.notFound, `No such ${kind} ${JSON.stringify(name)} in namespace ${namespace}${hint}`)
}

/** The names that were most likely meant, best first: those that begin with the text, or differ in a few letters. */
export function nearestNames(wanted: string, names: readonly string[], namesMax = 3): string[] {
  const distanceMax = Math.max(2, Math.floor(wanted.length / 3))
  return names
    .map((name) => ({ name, distance: name.startsWith(wanted) ? 1 : editDistance(wanted, name) }))
    .filter(({ distance }) => distance <= distanceMax)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, namesMax)
    .map(({ name }) => name)
}

/** The number of letters to insert, delete, replace or swap with their neighbour (Damerau and Levenshtein). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  const at = (row: readonly number[], column: number) => row[column] ?? Infinity
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1]
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current.push(
        Math.min(
          at(current, column - 1) + 1,
          at(last, column) + 1,
          at(last, column - 1) + (same ? 0 : 1),
          swapped ? at(beforeLast, column - 2) + 1 : Infinity,
        ),
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, b.length)
}
