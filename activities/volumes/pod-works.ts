import { parseItemKey } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { tallyOf } from '../../core/results/tally.ts'
import type { PodWork } from '../../core/volumes/pod-volumes.ts'

/** The restored pods whose volumes are to be filled. */
export function podWorks(outcomes: readonly Outcome[]): PodWork[] {
  return [...tallyOf(outcomes).values()].flatMap(({ key, action, object, podVolumes, at }) => {
    const item = parseItemKey(key)
    if (action !== 'created' || item === undefined || object === undefined || podVolumes === undefined) return []
    const pod = { namespace: object.namespace ?? '', name: object.name, uid: object.uid }
    return [{ item, pod, volumes: podVolumes, at }]
  })
}
