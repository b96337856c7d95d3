import { claimedAnnotation } from '../../../../velero/labels.ts'
import type { World } from '../../../ports/world.ts'
import type { Scenario } from '../crash-points.ts'
import { changed, ref, restoreAt, worldAt } from '../restore-in-memory.ts'

const request = { spec: { backupName: 'shop' } }
const requestId = 'deploy/run-1'

export const createRequested: readonly Scenario[] = [
  { when: 'a workflow asks for a restore', world: () => worldAt('planned'), input: { request, requestId } },
]

/** Sets how the restore ended. */
function over(world: World): void {
  world.cluster.amend(restoreAt, { status: { phase: 'Completed', progress: { itemsRestored: 3, totalItems: 3 } } })
}

export const awaitRequested: readonly Scenario[] = [
  { when: 'the restore is over', world: () => changed(worldAt('concluded'), over), input: { ref } },
  {
    when: 'the restore was deleted',
    world: () => changed(worldAt('planned'), ({ cluster }) => cluster.drop(restoreAt)),
    input: { ref },
  },
]

export const cancelRequested: readonly Scenario[] = [
  { when: 'the restore runs', world: () => worldAt('planned'), input: { ref, reason: 'no longer wanted' } },
  {
    when: 'it has not begun',
    world: () =>
      changed(worldAt('new'), ({ cluster }) => {
        const metadata = cluster.look(restoreAt)?.metadata
        const { [claimedAnnotation]: _, ...annotations } = metadata?.annotations ?? {}
        cluster.amend(restoreAt, { metadata: { ...metadata, annotations } })
      }),
    input: { ref, reason: 'no longer wanted' },
  },
]
