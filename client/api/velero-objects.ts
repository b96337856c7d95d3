import { isNotFound } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Restore } from '../../velero/restore.ts'
import { ClientError } from './client-error.ts'
import type { Connections } from './connections.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { noSuch } from './no-such.ts'

/** Velero's resources that the client reads. */
export type VeleroResource = 'restores' | 'backups' | 'schedules' | 'backupstoragelocations' | 'downloadrequests'

/** How a resource of Velero is addressed. */
export function veleroRef(resource: VeleroResource): { group: string; version: string; resource: string } {
  return { group: 'velero.io', version: 'v1', resource }
}

/** Reads a Restore; one that is not there is an error that shows the nearest names. */
export async function requireRestore(connections: Connections, name: string): Promise<Restore> {
  const restore = await readRestore(connections, name)
  if (restore !== undefined) return restore
  throw noSuch('restore', name, { namespace: connections.namespace, names: await namesOf(connections, 'restores') })
}

/** Reads a Restore as it stands now. */
export async function readRestore({ connection, namespace }: Connections, name: string): Promise<Restore | undefined> {
  const found = await connection.cluster.get({ ...veleroRef('restores'), namespace, name })
  return found as unknown as Restore | undefined
}

/** All Restores, oldest first. */
export async function listRestores(connections: Connections, labelSelector?: string): Promise<Restore[]> {
  const found = (await listVelero(connections, 'restores', labelSelector)) as unknown as Restore[]
  const createdAt = (restore: Restore) => restore.metadata.creationTimestamp ?? ''
  return found.sort((a, b) => (createdAt(a) < createdAt(b) ? -1 : createdAt(a) > createdAt(b) ? 1 : 0))
}

/** The names there are. */
export async function namesOf(connections: Connections, resource: VeleroResource): Promise<string[]> {
  return (await listVelero(connections, resource)).map(({ metadata }) => metadata.name)
}

/** All objects of a resource of Velero. A cluster that has none of Velero's resources is told as what it is. */
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
