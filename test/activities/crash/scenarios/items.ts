import { locksWorkflowIdOf, locksWorkflowType } from '../../../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../../../contract/restore-workflow.ts'
import { startControllers, startGarbageCollector } from '../../../ports/controllers.ts'
import type { World } from '../../../ports/world.ts'
import type { Purpose, Scenario } from '../crash-points.ts'
import { inPlace, startVolumeController } from '../in-place.ts'
import { anew, existing } from '../recreated.ts'
import { changed, chunkOf, ref, waves, worldAt } from '../restore-in-memory.ts'
import type { Asked } from '../restore-in-memory.ts'

/** The world in which all waves before that of the resource are restored. */
const before = (groupResource: string, asked: Asked = {}) => worldAt({ before: groupResource }, asked)

const locks = {
  locks: { workflowType: locksWorkflowType, workflowId: locksWorkflowIdOf(ref), signal: 'request' },
  run: { workflowId: workflowIdOf(ref), runId: 'run-1' },
}

/** It waits a moment then, and asks: that changes nothing for one that holds. */
const asksAgain: Purpose = {
  because: 'a reset run whose question about its locks is not answered asks for them',
  forgive: (end, undisturbed, happened) => {
    const isUnanswered = happened.some(({ call, fault }) => call.name === 'query' && fault !== 'death')
    if (!isUnanswered) return end
    const journal = Object.fromEntries(Object.entries(end.journal).filter(([shard]) => !shard.startsWith('waits/')))
    return { ...end, journal, workflows: undisturbed.workflows }
  },
}

/** Objects that stood there before the restore, and are older than it. */
function withExisting(world: World): void {
  const old = { creationTimestamp: '2025-01-01T00:00:00Z' }
  const place = (kind: string, name: string, more: object) =>
    world.cluster.place({ apiVersion: 'v1', kind, metadata: { name, namespace: 'shop', ...old }, ...more })
  place('ConfigMap', 'same', { data: { a: '1' } })
  place('ConfigMap', 'other', { data: { a: '2', mine: 'yes' } })
  place('ServiceAccount', 'builder', { secrets: [{ name: 'mine' }] })
  place('Secret', 'token', { type: 'Opaque', data: { token: 'b3RoZXI=' } })
}

const over = (groupResource: string, asked: Asked = {}): Scenario => ({
  when: `${groupResource} over objects that stand there${asked.spec === undefined ? '' : ' and are left as they are'}`,
  world: () => changed(before(groupResource, asked), withExisting),
  input: chunkOf(groupResource),
})

const recreated = (groupResource: string): Scenario => ({
  ...over(groupResource, anew),
  when: `${groupResource} over objects that are deleted and created anew`,
  beside: startGarbageCollector,
})

const asPlan: Asked = { annotations: { 'drydock.io/plan': 'true' } }

export const restoreChunk: readonly Scenario[] = [
  ...waves.map((groupResource) => ({
    when: groupResource,
    world: () => before(groupResource),
    input: chunkOf(groupResource),
  })),
  over('configmaps'),
  {
    when: 'configmaps of a plan',
    world: () => changed(before('configmaps', asPlan), withExisting),
    input: chunkOf('configmaps'),
  },
  over('serviceaccounts'),
  over('secrets'),
  recreated('configmaps'),
  recreated('serviceaccounts'),
  recreated('secrets'),
  {
    ...recreated('configmaps'),
    when: 'configmaps over objects that are to be created anew, and do not go away in time',
    settings: { terminatingTimeoutSeconds: 60 },
    beside: () => undefined,
  },
  over('configmaps', existing('configmaps=fail')),
  {
    when: 'configmaps of a plan that would create them anew',
    world: () =>
      changed(
        before('configmaps', { ...anew, annotations: { ...anew.annotations, ...asPlan.annotations } }),
        withExisting,
      ),
    input: chunkOf('configmaps'),
  },
  over('configmaps', { spec: { existingResourcePolicy: 'none' } }),
  {
    when: 'configmaps whose owners are restored in one write',
    world: () => before('configmaps', { annotations: { 'drydock.io/managed-fields': 'owners' } }),
    input: chunkOf('configmaps'),
  },
  {
    when: 'custom objects with their status',
    world: () => before('gizmos.example.com', { spec: { restoreStatus: { includedResources: ['*'] } } }),
    input: chunkOf('gizmos.example.com'),
  },
  {
    when: 'a claim that stands makes way for its data',
    world: () => before('persistentvolumeclaims', inPlace),
    input: chunkOf('persistentvolumeclaims'),
    beside: startVolumeController,
  },
  {
    when: 'a namespace is going away',
    world: () =>
      changed(before('namespaces'), ({ cluster }) =>
        cluster.place({
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: 'shop', deletionTimestamp: '2026-01-02T03:04:00Z' },
          status: { phase: 'Terminating' },
        }),
      ),
    input: chunkOf('namespaces'),
  },
  {
    when: 'a CRD is never established',
    world: () => before('customresourcedefinitions.apiextensions.k8s.io'),
    input: chunkOf('customresourcedefinitions.apiextensions.k8s.io'),
    settings: { resourceTimeoutSeconds: 60 },
    beside: ({ cluster }) =>
      cluster.onChange((object, at) => {
        if (object?.kind === 'CustomResourceDefinition' && object['status'] === undefined)
          cluster.amend(at, { status: { conditions: [{ type: 'NamesAccepted', status: 'False', message: 'taken' }] } })
      }),
  },
  {
    when: 'an earlier run has restored half of it',
    world: () => before('configmaps'),
    input: { ...chunkOf('configmaps'), resumed: true },
  },
  {
    when: 'its run was reset and holds its namespaces still',
    world: () =>
      changed(before('configmaps'), ({ temporal }) =>
        temporal.place({
          type: locks.locks.workflowType,
          workflowId: locks.locks.workflowId,
          answers: { locks: { holders: [locks.run], waiting: [] } },
        }),
      ),
    input: { ...chunkOf('configmaps'), reset: locks },
    onPurpose: [asksAgain],
  },
  {
    when: 'its namespace has not gone away in time',
    world: () => before('configmaps'),
    input: { ...chunkOf('configmaps'), resumed: true, only: ['shop'], lost: ['shop'] },
  },
]

export const lookForExisting: readonly Scenario[] = [
  {
    when: 'objects stand there that must not',
    world: () => changed(before('namespaces', existing('fail')), withExisting),
    input: { ref },
  },
  {
    when: 'no such object stands there',
    world: () => changed(before('namespaces', existing('pods=fail')), withExisting),
    input: { ref },
  },
]

const stuckNamespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', deletionTimestamp: '2026-01-02T03:04:00Z' },
  status: { phase: 'Terminating' },
}

export const awaitNamespace: readonly Scenario[] = [
  {
    when: 'it goes away after a while',
    world: () => changed(worldAt('planned'), ({ cluster }) => cluster.place(stuckNamespace)),
    input: { ref, name: 'shop' },
    beside: (world) => startControllers(world, ['Namespace']),
  },
  {
    when: 'it stays beyond the deadline',
    world: () => changed(worldAt('planned'), ({ cluster }) => cluster.place(stuckNamespace)),
    input: { ref, name: 'shop' },
    settings: { terminatingTimeoutSeconds: 90 },
  },
]

export const reportProgress: readonly Scenario[] = [
  {
    when: 'some items are done',
    world: () => worldAt('planned'),
    input: { ref, progress: { itemsRestored: 7, totalItems: 15 } },
  },
]
