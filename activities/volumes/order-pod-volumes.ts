import type { RestoreView } from '../../core/actions/action.ts'
import { isAlreadyExists, refusalOf } from '../../core/port-errors.ts'
import { repositoryState, repositoryTypeOf } from '../../core/volumes/backup-repository.ts'
import { makePodVolumeRestore } from '../../core/volumes/pod-volume-restore.ts'
import type { PodWithVolumes } from '../../core/volumes/pod-volume-restore.ts'
import type { PodVolume } from '../../core/items/outcome.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { restoreFieldManager } from '../frame/restore-resource.ts'
import { podVolumeRestores } from '../operations/node-agent-orders.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import type { Cluster } from '../ports.ts'
import { createOrder } from './create-order.ts'

/** What PodVolumeRestores are created with, the same for all volumes of a restore. */
export interface OrderContext {
  cluster: Cluster
  restore: RestoreView
  /** The BackupStorageLocation that holds the backup. */
  location: string
}

/** Begins to fill the volumes of a pod that was just restored, where that needs no waiting. */
export type BeginPodVolumes = (work: PodWithVolumes) => Promise<void>

/**
 * Creates the PodVolumeRestores of a restored pod at once if node agents are installed and the repository is ready, so
 * that its volumes are filled while the restore goes on. Everything else is left to `awaitPodVolumes`: it creates what is
 * missing, and reports what went wrong. DaemonSet and repositories are read once per chunk; a read that failed is not kept.
 */
export function beginPodVolumes(context: OrderContext): BeginPodVolumes {
  let reading: Promise<readonly Manifest[]> | undefined
  async function repositories(): Promise<readonly Manifest[]> {
    reading ??= readRepositories(context)
    try {
      return await reading
    } catch (thrown) {
      reading = undefined
      throw thrown
    }
  }
  return async (work) => {
    const repository = repositoryTypeOf(work.volumes)
    if ('error' in repository) return
    const key = { namespace: work.item.namespace ?? '', location: context.location, type: repository.type }
    const state = repositoryState(key, await repositories())
    if (state.is !== 'ready') return
    const repoIdentifier = repository.type === 'restic' ? state.identifier : ''
    for (const volume of work.volumes) await orderPodVolume({ work, volume, repoIdentifier }, context)
  }
}

/** The repositories; none where no node agents are installed: then no PodVolumeRestore is created. */
async function readRepositories({ cluster, restore: { namespace } }: OrderContext): Promise<readonly Manifest[]> {
  const daemonSet = { group: 'apps', version: 'v1', resource: 'daemonsets', namespace, name: 'node-agent' }
  if ((await cluster.get(daemonSet)) === undefined) return []
  return listIfServed(cluster, { group: 'velero.io', version: 'v1', resource: 'backuprepositories' }, { namespace })
}

/** Which volume of which pod to fill, and from where. */
export interface VolumeOrder {
  work: PodWithVolumes
  volume: PodVolume
  repoIdentifier: string
}

/**
 * Creates the PodVolumeRestore of one volume, or finds the one that an earlier attempt created: its name is a hash
 * (rule 6). Returns the text of a refusal; transient failures are thrown.
 */
export async function orderPodVolume(
  { work, volume, repoIdentifier }: VolumeOrder,
  { cluster, restore, location }: OrderContext,
): Promise<string | undefined> {
  try {
    const claim = volume.claim === undefined ? undefined : await readClaim(work, volume.claim, cluster)
    if (claim !== undefined && 'error' in claim) return claim.error
    const source = { location, repoIdentifier, ...(claim === undefined ? {} : { claimUid: claim.uid }) }
    const order = makePodVolumeRestore(work, volume, restore, source)
    await createOrder(cluster, podVolumeRestores, order, { fieldManager: restoreFieldManager, ofDrydock: true })
    return undefined
  } catch (thrown) {
    return isAlreadyExists(thrown) ? undefined : refusalOf(thrown).message
  }
}

async function readClaim(
  work: PodWithVolumes,
  name: string,
  cluster: Cluster,
): Promise<{ uid: string } | { error: string }> {
  const resource = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
  const claim = await cluster.get({ ...resource, namespace: work.pod.namespace, name })
  if (claim?.metadata.uid !== undefined) return { uid: claim.metadata.uid }
  return { error: `error getting persistent volume claim for volume: persistentvolumeclaims "${name}" not found` }
}
