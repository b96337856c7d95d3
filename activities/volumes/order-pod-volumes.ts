import { ApiError, isAlreadyExists, isTransient } from '../../core/port-errors.ts'
import type { RestoreView } from '../../core/actions/action.ts'
import { podVolumeOrder } from '../../core/volumes/pod-volumes.ts'
import type { PodWork } from '../../core/volumes/pod-volumes.ts'
import type { PodVolume } from '../../core/items/outcome.ts'
import { restoreFieldManager } from '../frame/restore-resource.ts'
import { podVolumeRestores } from '../operations/work-orders.ts'
import type { Cluster } from '../ports.ts'

/** What orders are placed with, the same for all volumes of a restore. */
export interface OrderDesk {
  cluster: Cluster
  restore: RestoreView
  location: string
}

/**
 * Makes the PodVolumeRestore of one volume, or finds the one that an earlier attempt made: its name is a hash (rule 6).
 * Returns the words with which it was refused. Trouble that passes is thrown.
 */
export async function placeOrder(
  work: PodWork,
  volume: PodVolume,
  repoIdentifier: string,
  desk: OrderDesk,
): Promise<string | undefined> {
  const { cluster, restore, location } = desk
  try {
    const claim = volume.claim === undefined ? undefined : await readClaim(work, volume.claim, cluster)
    if (claim !== undefined && 'error' in claim) return claim.error
    const source = { location, repoIdentifier, ...(claim === undefined ? {} : { claimUid: claim.uid }) }
    const order = podVolumeOrder(work, volume, restore, source)
    await cluster.create(podVolumeRestores, restore.namespace, order, { fieldManager: restoreFieldManager })
    return undefined
  } catch (thrown) {
    if (isAlreadyExists(thrown)) return undefined
    if (!(thrown instanceof ApiError) || isTransient(thrown) || thrown.reason === 'NoLease') throw thrown
    return thrown.message
  }
}

async function readClaim(work: PodWork, name: string, cluster: Cluster): Promise<{ uid: string } | { error: string }> {
  const resource = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
  const claim = await cluster.get({ ...resource, namespace: work.pod.namespace, name })
  if (claim?.metadata.uid !== undefined) return { uid: claim.metadata.uid }
  return { error: `error getting persistent volume claim for volume: persistentvolumeclaims "${name}" not found` }
}
