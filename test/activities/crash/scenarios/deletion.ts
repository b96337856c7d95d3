import { workflowIdOf } from '../../../../contract/restore-workflow.ts'
import type { World } from '../../../ports/world.ts'
import type { Scenario } from '../crash-points.ts'
import { changed, ref, restoreAt, worldAt } from '../restore-in-memory.ts'

/** Somebody has deleted the Restore; its finalizer keeps it. */
function deleted(world: World): void {
  const metadata = world.cluster.look(restoreAt)?.metadata
  world.cluster.amend(restoreAt, { metadata: { ...metadata, deletionTimestamp: '2026-01-02T03:05:00Z' } })
}

const workflowId = workflowIdOf(ref)
const running = () => changed(worldAt('planned'), ({ temporal }) => temporal.place({ type: 'restore', workflowId }))
const input = { workflowId, signal: 'cancel', reason: 'the Restore was deleted', patienceSeconds: 5 }

export const endRun: readonly Scenario[] = [
  {
    when: 'the restore ends when it is told so',
    world: running,
    input: { ...input, patienceSeconds: 120 },
    beside: ({ temporal, clock }) => {
      temporal.onTold = (workflow) =>
        clock.later(1_000, () => temporal.place({ ...workflow, status: 'CANCELLED', closedAtMs: clock.nowMs() }))
    },
  },
  { when: 'the restore does not end and is terminated', world: running, input },
  { when: 'there is no workflow', world: () => worldAt('planned'), input },
]

export const deleteFiles: readonly Scenario[] = [
  { when: 'all is there', world: () => changed(worldAt('concluded'), deleted), input: { ref } },
  {
    when: 'the location is gone',
    world: () =>
      changed(worldAt('concluded'), (world) => {
        deleted(world)
        world.cluster.drop({ ...restoreAt, resource: 'backupstoragelocations', name: 'default' })
      }),
    input: { ref },
  },
]

export const releaseRestore: readonly Scenario[] = [
  { when: 'its files are gone', world: () => changed(worldAt('concluded'), deleted), input: { ref } },
  {
    when: 'files are left',
    world: () => changed(worldAt('concluded'), deleted),
    input: { ref, left: 'the bucket is away' },
  },
]
