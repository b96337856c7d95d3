import { journalFolder } from '../../../../velero/object-keys.ts'
import type { AdmittedUndo } from '../../../../activities/undo/admit-undo.ts'
import { createWorld } from '../../../ports/world.ts'
import type { World, WorldState } from '../../../ports/world.ts'
import type { Scenario } from '../crash-points.ts'
import { configMapAt } from '../recreated.ts'
import { act, changed, inPhase, ref, worldAt } from '../restore-in-memory.ts'
import type { Asked } from '../restore-in-memory.ts'

const old = { creationTimestamp: '2025-01-01T00:00:00Z' }

/** A restore that also changes objects which stood there: one of them is changed by somebody else afterwards. */
const asked: Asked = {
  spec: { existingResourcePolicy: 'update' },
  standing: [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', ...old } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'other', namespace: 'shop', labels: { mine: 'yes' }, ...old },
      data: { a: 'mine', b: '2' },
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'same', namespace: 'shop', ...old }, data: { a: 'mine' } },
  ],
}

const over = (world: World) => inPhase(world, 'Completed')

const bare = { namespace: ref.namespace, name: ref.name, uid: ref.uid, cluster: ref.cluster }

/** Somebody has changed this object since. */
const byUser = (world: World) =>
  world.cluster.connect().patch(configMapAt('same'), { data: { a: 'theirs' } }, { fieldManager: 'kubectl-edit' })

/** The world in which the undo has come to its last step, and how to name its chunks. */
async function madeAt(
  what: 'begun' | 'planned' | 'done',
  of: Asked,
): Promise<{ state: WorldState; undo: AdmittedUndo }> {
  const world = createWorld(await changed(worldAt('finalizing', of), over))
  const undo = await act<AdmittedUndo>(world, 'admitUndo', { ref: bare, dryRun: false })
  if (of === asked) await byUser(world)
  const chunks = undo.waves.flatMap(({ chunks: sizes }, wave) => sizes.map((_items, chunk) => ({ ref, wave, chunk })))
  if (what !== 'begun') for (const one of chunks.toReversed()) await act(world, 'planUndo', { ...one, dryRun: false })
  if (what === 'done') for (const one of chunks.toReversed()) await act(world, 'undoChunk', one)
  return { state: world.state(), undo }
}

const made = {
  begun: await madeAt('begun', asked),
  planned: await madeAt('planned', asked),
  done: await madeAt('done', asked),
  new: await madeAt('planned', {}),
}

const worldOf = (stage: keyof typeof made) => () => Promise.resolve(made[stage].state)

function chunkOf(groupResource: string, stage: keyof typeof made = 'planned') {
  const wave = made[stage].undo.waves.findIndex((one) => one.groupResource === groupResource)
  if (wave < 0) throw new Error(`no wave restores ${groupResource}`)
  return { ref, wave, chunk: 0 }
}

export const admitUndo: readonly Scenario[] = [
  {
    when: 'the restore is over',
    world: () => changed(worldAt('finalizing'), over),
    input: { ref: bare, dryRun: false },
  },
  {
    when: 'who asks wants to see it',
    world: () => changed(worldAt('finalizing'), over),
    input: { ref: bare, dryRun: true },
  },
  { when: 'a new run goes on', world: worldOf('planned'), input: { ref: bare, dryRun: false, goesOn: true } },
  { when: 'the restore is not over', world: () => worldAt('finalizing'), input: { ref: bare, dryRun: false } },
]

export const planUndo: readonly Scenario[] = [
  {
    when: 'objects were created and changed',
    world: worldOf('begun'),
    input: { ...chunkOf('configmaps'), dryRun: false },
  },
  { when: 'who asks wants to see it', world: worldOf('begun'), input: { ...chunkOf('configmaps'), dryRun: true } },
  { when: 'volumes have claims', world: worldOf('begun'), input: { ...chunkOf('persistentvolumes'), dryRun: false } },
]

export const undoChunk: readonly Scenario[] = [
  { when: 'objects were created and changed', world: worldOf('planned'), input: chunkOf('configmaps') },
  { when: 'a Secret was created', world: worldOf('planned'), input: chunkOf('secrets') },
  { when: 'volumes have claims', world: worldOf('planned'), input: chunkOf('persistentvolumes') },
  {
    when: 'a namespace was created',
    world: worldOf('new'),
    input: chunkOf('namespaces', 'new'),
  },
  {
    when: 'a kind was created',
    world: worldOf('new'),
    input: chunkOf('customresourcedefinitions.apiextensions.k8s.io', 'new'),
  },
]

export const awaitCustom: readonly Scenario[] = [
  {
    when: 'they are gone',
    world: worldOf('done'),
    input: { ref, kinds: ['configmaps', 'widgets.example.com'], sinceMs: 0, look: { told: '' } },
  },
]

const admissionKey = `${journalFolder(ref.name, ref.uid)}admission.json.gz`

export const endUndo: readonly Scenario[] = [
  { when: 'all is done', world: worldOf('done'), input: { ref } },
  { when: 'it was stopped', world: worldOf('planned'), input: { ref, stopped: 'cancelled: enough' } },
  {
    when: 'it was stopped, since its journal is gone',
    world: () => changed(worldOf('planned')(), ({ buckets }) => buckets.drop('backups', admissionKey)),
    input: { ref, stopped: 'its journal is gone' },
  },
  {
    when: 'a custom object has not gone',
    world: worldOf('done'),
    input: { ref, stillThere: ['widgets.example.com a/b'] },
  },
]
