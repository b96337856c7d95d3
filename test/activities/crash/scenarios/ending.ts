import { hookKey } from '../../../../core/hooks/judge-hooks.ts'
import { workflowIdOf } from '../../../../contract/restore-workflow.ts'
import { startControllers } from '../../../ports/controllers.ts'
import type { World } from '../../../ports/world.ts'
import type { Scenario } from '../crash-points.ts'
import { inPlace, startVolumeController, withClaimAway } from '../in-place.ts'
import { anew, withObjectsDeleted } from '../recreated.ts'
import { startWorkloadController, withWorkloadAtZero } from '../at-zero.ts'
import { withOwnerLost } from '../owner-lost.ts'
import { changed, ref, restoreAt, withShard, worldAt } from '../restore-in-memory.ts'

export const listFinalizeTasks: readonly Scenario[] = [
  { when: 'the items are through', world: () => worldAt('concluded'), input: { ref } },
]

const task = (name: string, more: Partial<Scenario> = {}): Scenario => ({
  when: name,
  world: () => worldAt('finalizing'),
  input: { ref, task: name, deadlineSeconds: 660 },
  beside: (world) => startControllers(world),
  ...more,
})

/** Each hook has a result, as the activity that runs them has left it. */
function withHooksDone(world: World): void {
  const shards = [...world.buckets.objects('backups').keys()]
  if (!shards.some((key) => key.includes('/hooks/registered/'))) throw new Error('no pod has hooks')
  const pod = { group: '', version: 'v1', resource: 'pods', namespace: 'shop', name: 'web' }
  const uid = world.cluster.look(pod)?.metadata.uid ?? ''
  for (const index of [0, 1, 2]) {
    const name = hookKey(uid, index)
    withShard(`hooks/begun/${name}`, { attempt: 'a' })(world)
    withShard(`hooks/done/${name}`, { problem: index === 2 ? 'it failed' : '' })(world)
  }
}

export const finalizeRestore: readonly Scenario[] = [
  task('patch-volumes'),
  task('clean-up'),
  task('put-back-volumes', {
    world: () => changed(worldAt({ before: 'persistentvolumeclaims' }, inPlace), withClaimAway),
    beside: startVolumeController,
  }),
  task('relink-owners', { world: () => changed(worldAt('finalizing'), withOwnerLost) }),
  task('scale-workloads', {
    world: () => changed(worldAt('finalizing'), withWorkloadAtZero),
    beside: startWorkloadController,
  }),
  task('await-hooks', { world: () => changed(worldAt('finalizing'), withHooksDone) }),
  task('validate', { settings: { validate: true } }),
  task('tidy-journal', {
    world: () =>
      changed(worldAt('finalizing'), (world) => {
        withHooksDone(world)
        withShard('hooks/verdict', { messages: [], hooksAttempted: 3, hooksFailed: 1 })(world)
        withShard('intents/wave-007/chunk-00000/a-0', [])(world)
      }),
  }),
  task('clean-up', {
    when: 'a task that no attempt could end',
    input: { ref, task: 'clean-up', problem: 'it was in the way' },
  }),
]

export const concludeRestore: readonly Scenario[] = [
  { when: 'all items are through', world: () => worldAt('restored'), input: { ref, complete: true } },
  {
    when: 'a plan is made',
    world: () => worldAt('restored', { annotations: { 'drydock.io/plan': 'true' } }),
    input: { ref, complete: true },
  },
  { when: 'the finalization has added to it', world: () => worldAt('finalizing'), input: { ref, complete: true } },
  {
    when: 'it is cancelled in the middle',
    world: () => worldAt({ before: 'configmaps' }),
    input: { ref, complete: false },
  },
]

/** The restore has ended, partly. */
export const itEnded = (world: World) =>
  world.cluster.amend(restoreAt, {
    status: {
      ...(world.cluster.look(restoreAt)?.['status'] as object),
      phase: 'PartiallyFailed',
      completionTimestamp: '2026-01-02T03:09:00Z',
    },
  })

export const writeReport: readonly Scenario[] = [
  {
    when: 'the restore is over',
    world: () => changed(worldAt('finalizing'), itEnded),
    input: { ref, timeline: [{ kind: 'phase', text: 'InProgress', atMs: 0 }] },
  },
]

const counts = { warnings: 1, errors: 2, progress: { totalItems: 15, itemsRestored: 15 } }

export const setPhase: readonly Scenario[] = [
  {
    when: 'operations are awaited',
    world: () => worldAt('concluded'),
    input: {
      ref,
      phase: 'WaitingForPluginOperations',
      ...counts,
      operations: { attempted: 1, completed: 0, failed: 0 },
    },
  },
  {
    when: 'it ends',
    world: () => worldAt('finalizing'),
    input: { ref, phase: 'PartiallyFailed', fence: true, ...counts, hookStatus: { hooksAttempted: 3, hooksFailed: 1 } },
  },
  {
    when: 'it ends as failed',
    world: () => worldAt('restored'),
    input: { ref, phase: 'Failed', fence: true, failureReason: 'cancelled: enough' },
  },
  {
    when: 'others write the Restore at the same time',
    world: () => worldAt('finalizing'),
    input: { ref, phase: 'PartiallyFailed', ...counts },
    beside: ({ cluster }) => {
      let left = 2
      cluster.onChange((object, at) => {
        if (object?.kind === 'Restore' && left-- > 0) cluster.amend(at, { labels: { seen: String(left) } })
      })
    },
  },
]

export const awaitLastWrites: readonly Scenario[] = [
  { when: 'it is cancelled in the middle', world: () => worldAt({ before: 'configmaps' }), input: { ref } },
]

export const removeLeftovers: readonly Scenario[] = [
  {
    when: 'an object was deleted for its item, and another one is on its way out',
    world: () => changed(worldAt({ before: 'configmaps' }, anew), withObjectsDeleted),
    input: { ref },
  },
  {
    when: 'an object is on its way out beyond the time, after the end',
    world: () => changed(worldAt({ before: 'configmaps' }, anew), withObjectsDeleted),
    input: { ref, only: 'claims' },
    settings: { terminatingTimeoutSeconds: 60 },
  },
  { when: 'it is cancelled after its items', world: () => worldAt('restored'), input: { ref } },
  {
    when: 'a workload was to be scaled back',
    world: () =>
      changed(
        worldAt('restored', { annotations: { 'drydock.io/replicas': 'scale-back' }, spec: { hooks: {} } }),
        withWorkloadAtZero,
      ),
    input: { ref },
  },
  {
    when: 'a claim has made way for its data',
    world: () => changed(worldAt({ before: 'persistentvolumeclaims' }, inPlace), withClaimAway),
    input: { ref },
    beside: startVolumeController,
  },
  {
    when: 'a claim is away still after the end',
    world: () => changed(worldAt({ before: 'persistentvolumeclaims' }, inPlace), withClaimAway),
    input: { ref, only: 'claims' },
    beside: startVolumeController,
  },
]

export const tellLateResults: readonly Scenario[] = [
  {
    when: 'the results of a failed restore were stored late',
    world: () =>
      changed(worldAt('finalizing'), ({ cluster }) =>
        cluster.amend(restoreAt, {
          status: { phase: 'Failed', failureReason: 'cancelled: enough; results not stored: the bucket was away' },
        }),
      ),
    input: { ref, warnings: 1, errors: 2 },
  },
]

export const requestCancel: readonly Scenario[] = [
  {
    when: 'the workflow runs',
    world: () =>
      changed(worldAt('planned'), ({ temporal }) =>
        temporal.place({ type: 'restore', workflowId: workflowIdOf(ref), runId: 'run-1' }),
      ),
    input: { workflowId: workflowIdOf(ref), runId: 'run-1', reason: 'cancelled: enough' },
  },
]
