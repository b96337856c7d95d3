import type { Outcome } from '../../core/items/outcome.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { podVolumes } from '../../core/volumes/pod-volumes.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { ItemTools, Written } from '../items/write-item.ts'

/**
 * The volumes of a pod that this restore created, for the outcome; what can be begun for them at once is begun. A pod
 * waits for its volumes whatever became of its other last steps, so they are filled even where one of those failed.
 */
export async function volumesOfPod(
  written: Written,
  groupResource: GroupResource,
  item: PlannedItem,
  tools: ItemTools,
): Promise<Pick<Outcome, 'podVolumes'>> {
  if (groupResource !== 'pods' || written.do !== 'done' || written.action !== 'created') return {}
  const { uid = '', name, namespace = '' } = written.live?.metadata ?? { name: '' }
  if (written.live === undefined || uid === '') return {}
  const volumes = podVolumes(written.live, item.namespace ?? '', tools.rules.facts.podVolumeBackups)
  if (volumes.length === 0) return {}
  const address = {
    groupResource,
    ...(item.namespace === undefined ? {} : { namespace: item.namespace }),
    name: item.name,
  }
  await tools.beginPodVolumes({ item: address, pod: { namespace, name, uid }, volumes, at: tools.now() })
  return { podVolumes: volumes }
}
