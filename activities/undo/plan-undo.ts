import { keptShownMax } from '../../contract/undo-outcome.ts'
import { chunkKey } from '../../core/plan/plan.ts'
import { countSteps } from '../../core/undo/undo-step.ts'
import type { StepCounts, UndoStep } from '../../core/undo/undo-step.ts'
import type { Journal } from '../frame/journal.ts'
import { runActivity } from '../frame/run-activity.ts'
import { settleAll } from '../items/side-by-side.ts'
import { assertUndoing } from './admit-undo.ts'
import { createDecider } from './decide-item.ts'
import type { UndoChunkInput, UndoParts } from './decide-item.ts'
import { createLeftLook } from './look-left.ts'
import { readSteps, stepsShard } from './undo-journal.ts'
import type { StepsFolder } from './undo-journal.ts'

/** Which chunk to look at. */
export interface PlanUndoInput extends UndoChunkInput {
  /** For who only asks: the steps are not those that are worked off. */
  dryRun: boolean
}

/**
 * Decides what to do about each object of a chunk, and writes that into the journal before anything is done (rule 5). A chunk that an
 * earlier undo has worked on keeps what it has deleted: it is not there any more.
 */
export function planUndo(parts: UndoParts) {
  const { ports, sessions } = parts
  return (input: PlanUndoInput): Promise<StepCounts> => {
    const { ref, dryRun } = input
    const key = chunkKey(input.wave, input.chunk)
    const folder: StepsFolder = dryRun ? 'preview' : 'work'
    const frame = { doing: `planning the undo of ${key}`, scope: `${ref.uid}/undo/${folder}/${key}` }
    return runActivity(ports.presence, frame, async (attempt) => {
      await assertUndoing(ports.cluster, ref, dryRun)
      const session = await sessions.open(ref)
      const { journal } = session
      const decider = await createDecider({ ports, sessions, session, input, signal: attempt.signal })
      const before = await earlierSteps(journal, key)
      const look = createLeftLook(ports.cluster, () => deletedIn(journal, folder))
      const steps: UndoStep[] = []
      const bounds = { itemLimit: parts.itemLimits.all, input, attempt, ports }
      const { failure } = await settleAll(decider.written, bounds, async (item, limited) => {
        const step = await limited(async () => {
          const { step: decided, live } = await decider.decide(item, before.get(item.outcome.key))
          return decided === undefined ? undefined : look(decided, live)
        })
        if (step !== undefined) steps.push(step)
      })
      if (failure !== undefined) throw failure
      const sorted = inOrder(steps)
      await journal.write(stepsShard(folder, key), sorted)
      return countSteps(sorted, keptShownMax)
    })
  }
}

/** What earlier runs of an undo have written down to do in this chunk, by key. */
async function earlierSteps(journal: Journal, chunk: string): Promise<ReadonlyMap<string, UndoStep>> {
  const steps = (await journal.read<UndoStep[]>(stepsShard('work', chunk))) ?? []
  return new Map(steps.map((step) => [step.key, step]))
}

/** The uids of all objects that are to be deleted, or were. */
export async function deletedIn(journal: Journal, folder: StepsFolder): Promise<ReadonlySet<string>> {
  const steps = await readSteps(journal, folder)
  return new Set(steps.filter((step) => step.do === 'delete').map(({ object }) => object.uid))
}

/** Steps in an order that does not depend on who was faster. */
export function inOrder(steps: readonly UndoStep[]): UndoStep[] {
  return steps.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}
