import type { AdmittedUndo } from '../../../activities/undo/admit-undo.ts'
import type { UndoResult } from '../../../contract/undo-restore.ts'
import { keptShownMax } from '../../../contract/undo-restore.ts'
import { addCounts, noSteps } from '../../../core/undo/undo-step.ts'
import type { StepCounts } from '../../../core/undo/undo-step.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { World } from '../../ports/world.ts'
import { create, settings } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

const named = { namespace: 'velero', name: 'again' }
/** The Restore of `restoreWhole`. */
export const restoreAt = { group: 'velero.io', version: 'v1', resource: 'restores', ...named }

/** Says that the restore is over: the in-memory restores end before their last phase. */
export function end(world: World, phase = 'Completed'): void {
  world.cluster.amend(restoreAt, { status: { ...(world.cluster.look(restoreAt)?.['status'] as object), phase } })
}

async function act<Result>(world: World, activity: string, input: unknown): Promise<Result> {
  const { outcome } = await runAttempts({ world, create, settings, activity, input })
  if ('failure' in outcome) throw new Error(outcome.failure.message)
  return outcome.result as Result
}

/** Undoes a restore by the activities, chunk after chunk from the last one on; with `dryRun` only the plan is made. */
export async function undo(
  world: World,
  options: { dryRun?: boolean; afterPlan?: () => Promise<unknown> } = {},
): Promise<StepCounts | UndoResult> {
  const { dryRun = false } = options
  const uid = world.cluster.look(restoreAt)?.metadata.uid ?? ''
  const ref = { ...named, uid, cluster: world.cluster.connect().id }
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
