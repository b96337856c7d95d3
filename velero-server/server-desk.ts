import type { Clock, Cluster, Log, Stores } from '../activities/ports.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import type { ObjectRef, ResourceRef } from '../velero/resource.ts'

/** What the work of an absent Velero server is done with. */
export interface ServerDesk {
  connection: ClusterConnection
  cluster: Cluster
  stores: Stores
  clock: Clock
  log: Log
  /** The Velero namespace. */
  namespace: string
  signal: AbortSignal
}

/** Who writes Velero's resources on behalf of an absent server: seen in their managedFields. */
export const serverFieldManager = 'drydock-server'

/** A resource of Velero. */
export function veleroResource(resource: string): ResourceRef {
  return { group: 'velero.io', version: 'v1', resource }
}

/** An object of Velero in its namespace. */
export function veleroObject(desk: Pick<ServerDesk, 'namespace'>, resource: string, name: string): ObjectRef {
  return { ...veleroResource(resource), namespace: desk.namespace, name }
}
