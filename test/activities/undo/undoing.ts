import type { AdmittedUndo } from '../../../activities/undo/admit-undo.ts'
import type { AdmittedRef } from '../../../contract/restore-workflow.ts'
import type { UndoResult } from '../../../contract/undo-outcome.ts'
import { keptShownMax } from '../../../contract/undo-outcome.ts'
import { addCounts, noSteps } from '../../../core/undo/undo-step.ts'
import type { StepCounts } from '../../../core/undo/undo-step.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { World } from '../../ports/world.ts'
import { act, name, restoreAt } from '../crash/restore-in-memory.ts'

/** Undoes a restore by the activities, chunk after chunk from the last one on; with `dryRun` only the plan is made. */
export async function undo(
  world: World,
  options: { dryRun?: boolean; afterPlan?: () => Promise<unknown> } = {},
): Promise<StepCounts | UndoResult> {
  const { dryRun = false } = options
  const { location: _location, ...ref } = undone(world)
  const admitted = await act<AdmittedUndo>(world, 'admitUndo', { ref, dryRun })
  const chunks = admitted.waves
    .flatMap(({ chunks: sizes }, wave) => sizes.map((_items, chunk) => ({ ref: admitted.ref, wave, chunk })))
    .toReversed()
  let planned: StepCounts = noSteps
  for (const one of chunks)
    planned = addCounts(planned, await act<StepCounts>(world, 'planUndo', { ...one, dryRun }), keptShownMax)
  if (dryRun) return planned
  await options.afterPlan?.()
  for (const one of chunks) await act(world, 'undoChunk', one)
  return act<UndoResult>(world, 'endUndo', { ref: admitted.ref })
}

/** The restore that is undone. */
export function undone(world: World): AdmittedRef {
  const uid = world.cluster.look(restoreAt)?.metadata.uid ?? ''
  return { namespace: 'velero', name, uid, cluster: world.cluster.connect().id, location: 'default' }
}

/** What people have in the cluster: not Velero's own objects, nor what the server assigns. */
export function dumpOf(world: World): Record<string, unknown> {
  const shown = world.cluster
    .objects()
    .filter(({ kind, metadata }) => kind !== 'Event' && metadata.namespace !== 'velero')
  return Object.fromEntries(
    shown.map((one) => [`${one.kind} ${one.metadata.namespace ?? ''}/${one.metadata.name}`, bareOf(one)]),
  )
}

function bareOf({ metadata, status: _status, ...rest }: Manifest): unknown {
  const { uid: _uid, resourceVersion: _version, generation: _generation, ...kept } = metadata
  return { ...rest, metadata: kept }
}
