import type { Connections } from '../../../client/api/connections.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { Restore, RestoreStatus } from '../../../velero/restore.ts'
import { createClock } from '../../ports/clock.ts'
import { createCluster } from '../../ports/cluster/cluster.ts'
import type { InMemoryCluster } from '../../ports/cluster/cluster.ts'

/** The connections of a client to a cluster in memory, while Temporal cannot be reached. */
export function connectInMemory(): { cluster: InMemoryCluster; connections: Connections } {
  const cluster = createCluster(createClock())
  const noRequest = () => Promise.reject(new Error('this cluster takes no raw requests'))
  const connection = { cluster: cluster.connect(), send: noRequest, stream: noRequest, close: async () => {} }
  const temporal = async () => ({ reachable: false, reason: 'Temporal is away' }) as const
  return { cluster, connections: { namespace: 'velero', connection, temporal, close: async () => {} } }
}

/** A Restore of namespace `velero` as the cluster keeps it, in place of the one with the same name. */
export function placeRestore(cluster: InMemoryCluster, status: RestoreStatus = {}, metadata: object = {}): Restore {
  const restore = {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { name: 'shop', namespace: 'velero', ...metadata },
    spec: { backupName: 'shop' },
    status,
  }
  return cluster.place(restore as Manifest) as unknown as Restore
}

/** The address of that Restore. */
export const shopRef = { group: 'velero.io', version: 'v1', resource: 'restores', namespace: 'velero', name: 'shop' }
