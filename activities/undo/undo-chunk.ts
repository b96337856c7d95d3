import { keptShownMax } from '../../contract/undo-outcome.ts'
import { chunkKey } from '../../core/plan/plan.ts'
import { countSteps } from '../../core/undo/undo-step.ts'
import type { StepCounts, UndoStep } from '../../core/undo/undo-step.ts'
import type { WrittenItem } from '../../core/undo/written-item.ts'
import { readShard } from '../frame/journal.ts'
import { runActivity } from '../frame/run-activity.ts'
import { settleAll } from '../items/side-by-side.ts'
import { actingFor } from '../frame/acting-as.ts'
import { assertUndoing } from './admit-undo.ts'
import { createDecider } from './decide-item.ts'
import type { UndoChunkInput, UndoParts } from './decide-item.ts'
import { createLeftLook } from './look-left.ts'
import { deletedIn, inOrder } from './plan-undo.ts'
import { stepsShard } from './undo-journal.ts'
import { undoObject } from './undo-object.ts'

/**
 * Works off what was planned for a chunk, many objects at once. Each is read and decided again: what somebody has changed since the
 * plan was made is kept. What was done is in the journal at the end, also of an attempt that is asked to stop.
 */
export function undoChunk(parts: UndoParts) {
  const { ports, sessions } = parts
  return (input: UndoChunkInput): Promise<StepCounts> => {
    const { ref } = input
    const key = chunkKey(input.wave, input.chunk)
    const frame = { doing: `undoing ${key}`, scope: `${ref.uid}/undo/${key}` }
    return runActivity(ports.presence, frame, async (attempt) => {
      const live = await assertUndoing(ports.cluster, ref, false)
      const session = await sessions.open(ref)
      const { journal, admission } = session
      const acting = actingFor(ports, parts.settings, { admission, live })
      const planned = await readShard<UndoStep[]>(journal, stepsShard('work', key))
      const decider = await createDecider({ ports, sessions, session, input, signal: attempt.signal })
      const written = new Map<string, WrittenItem>(decider.written.map((item) => [item.outcome.key, item]))
      const look = createLeftLook(ports.cluster, () => deletedIn(journal, 'done'))
      const done: UndoStep[] = []
      const bounds = { itemLimit: parts.itemLimits.all, input, attempt, ports }
      const { failure } = await settleAll(planned, bounds, async (step, limited) => {
        const item = written.get(step.key)
        if (item === undefined || step.do === 'keep' || step.do === 'gone') done.push(step)
        else done.push(await limited(() => undoObject(step, { item, decider, look, ports: acting, uid: ref.uid })))
        attempt.done(done.length)
      })
      const sorted = inOrder(done)
      await journal.write(stepsShard('done', key), sorted)
      if (failure !== undefined) throw failure
      return countSteps(sorted, keptShownMax)
    })
  }
}
