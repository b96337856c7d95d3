import type { RestoreView } from '../../core/actions/action.ts'
import { repositoryState, repositoryTypeOf } from '../../core/volumes/backup-repository.ts'
import type { PodWork } from '../../core/volumes/pod-volumes.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { listKnown } from '../plan/gather-facts.ts'
import type { Cluster } from '../ports.ts'
import { placeOrder } from './order-pod-volumes.ts'

/** Begins to fill the volumes of a pod that was just restored, where that needs no waiting. */
export type BeginPodVolumes = (work: PodWork) => Promise<void>

/**
 * Places the orders for a restored pod at once if the node agents are installed and the repository is ready, so that
 * they work while the restore goes on. Whatever is in the way is left to the step that waits for all volumes: it orders
 * what is missing, and says what went wrong. DaemonSet and repositories are read once per chunk.
 */
export function beginPodVolumes(cluster: Cluster, restore: RestoreView, location: string): BeginPodVolumes {
  let hosts: Promise<readonly Manifest[]> | undefined
  return async (work) => {
    hosts ??= readRepositories(cluster, restore.namespace)
    const repository = repositoryTypeOf(work.volumes)
    if ('error' in repository) return
    const state = repositoryState(
      { namespace: work.item.namespace ?? '', location, type: repository.type },
      await hosts,
    )
    if (state.is !== 'ready') return
    const repoIdentifier = repository.type === 'restic' ? state.identifier : ''
    for (const volume of work.volumes) await placeOrder(work, volume, repoIdentifier, { cluster, restore, location })
  }
}

/** None without node agents: then nothing is to be ordered. */
async function readRepositories(cluster: Cluster, namespace: string): Promise<readonly Manifest[]> {
  const daemonSet = { group: 'apps', version: 'v1', resource: 'daemonsets', namespace, name: 'node-agent' }
  if ((await cluster.get(daemonSet)) === undefined) return []
  return listKnown(cluster, { group: 'velero.io', version: 'v1', resource: 'backuprepositories' }, { namespace })
}
