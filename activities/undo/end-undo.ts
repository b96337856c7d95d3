import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { keptShownMax } from '../../contract/undo-outcome.ts'
import type { UndoResult } from '../../contract/undo-outcome.ts'
import { countsInWords, countSteps, nameOf, noSteps } from '../../core/undo/undo-step.ts'
import { formatUndoState, undoStateOf } from '../../core/undo/undo-state.ts'
import type { StepCounts } from '../../core/undo/undo-step.ts'
import { undoReportFactsInSteps, undoReportInPieces } from '../../core/undo/undo-report.ts'
import { firstNames } from '../../core/values/first-names.ts'
import { jsonInPieces } from '../../core/values/json-in-pieces.ts'
import { undoneAnnotation } from '../../velero/labels.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { restoreUndoKey, restoreUndoReportKey } from '../../velero/object-keys.ts'
import type { Restore } from '../../velero/restore.ts'
import { asFailure, failureTypeOf, failureTypes } from '../frame/failures.ts'
import { bytesOf, gzipOf, inSlices } from '../frame/in-slices.ts'
import { changeRestore, recordEvent } from '../frame/restore-resource.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import { assertUndoing } from './admit-undo.ts'
import { readSteps } from './undo-journal.ts'

/** Which undo has ended, and how. */
export interface EndUndoInput {
  ref: AdmittedRef
  /** Why it stopped before its end; absent where it has done all. */
  stopped?: string
  /** Custom objects that were deleted and had not gone in time, a clause each. */
  stillThere?: readonly string[]
}

/**
 * Tells what an undo came to: in two files in the bucket, which name each object, one for programs and one to read, on the Restore, and
 * in an Event. Where it was stopped, attempts that may still write are waited for first (rule 7), and one whose journal cannot be read
 * any more is told all the same.
 */
export function endUndo({ ports, sessions, settings: { reportUrl } }: WorkerParts) {
  return (input: EndUndoInput): Promise<UndoResult> => {
    const { ref, stopped, stillThere = [] } = input
    const frame = { doing: `telling what the undo of restore ${ref.name} came to`, scope: `${ref.uid}/undo-end` }
    return runActivity(ports.presence, frame, async (attempt) => {
      if (stopped !== undefined) {
        await attempt.fence(`${ref.uid}/undo/`)
        // What this worker remembers of a journal says nothing about one that was removed.
        sessions.forget(ref.uid)
      }
      // An earlier attempt may have said already that the undo is over, so the Restore need not say that it is under way.
      const restore = await assertUndoing(ports.cluster, ref, true)
      const known = undoStateOf(restore)
      const at = known?.state === 'done' ? known.at : rfc3339(ports.clock.now())
      const kept = await keepFiles({ ports, sessions }, { ...input, at, restore, signal: attempt.signal }).catch(
        (thrown: unknown) => unread(thrown, input),
      )
      const words = wordsOf(kept, { stopped, stillThere })
      const state = stopped === undefined ? 'done' : 'stopped'
      const text = formatUndoState({ state, at, text: words.slice(0, 1000) })
      const restored = await changeRestore(ports.cluster, ref, (live) =>
        undoStateOf(live)?.state === 'begun' ? { metadata: { annotations: { [undoneAnnotation]: text } } } : undefined,
      )
      await recordEvent(
        ports,
        restored,
        stopped === undefined
          ? { type: 'Normal', reason: 'Undone', note: words }
          : { type: 'Warning', reason: 'UndoStopped', note: words },
      )
      if ('because' in kept) return { dryRun: false, ...noSteps, at }
      const { counts, report } = kept
      return {
        dryRun: false,
        ...counts,
        at,
        report,
        ...(reportUrl === '' ? {} : { reportUrl: `${reportUrl}/${report}` }),
      }
    })
  }
}

/** What was done, as its files have it; or why that cannot be told. */
type Kept = { counts: StepCounts; report: string } | { because: string }

/** Writes the two files, and returns what they say. */
async function keepFiles(
  { ports, sessions }: Pick<WorkerParts, 'ports' | 'sessions'>,
  {
    ref,
    stopped,
    stillThere = [],
    at,
    restore,
    signal,
  }: EndUndoInput & { at: string; restore: Restore; signal: AbortSignal },
): Promise<Kept> {
  const { store, journal } = await sessions.open(ref)
  const steps = await readSteps(journal, 'done')
  const counts = countSteps(steps, keptShownMax)
  const state = stopped === undefined ? 'done' : 'stopped'
  const listed = steps.map(({ object, do: what, because }) => ({ object: nameOf(object), do: what, because }))
  const { keptFirst: _first, ...numbers } = counts
  const told = { restore: ref.name, uid: ref.uid, state, stopped, at, ...numbers, stillThere, objects: listed }
  const file = await gzipOf(jsonInPieces(told))
  const reported = {
    restore: ref.name,
    backup: restore.spec.backupName ?? '',
    at,
    ...(stopped === undefined ? {} : { stopped }),
    stillThere,
    counts: numbers,
  }
  const facts = await inSlices(undoReportFactsInSteps(steps, reported), signal)
  const page = await bytesOf(undoReportInPieces(facts), signal)
  // The bucket does not know of Leases: this is asked when a request goes out.
  const assertMayWrite = () => ports.presence.assertMayWrite()
  await store.put(restoreUndoKey(ref.name), file, { assertMayWrite })
  const report = restoreUndoReportKey(ref.name)
  await store.put(report, page, { contentType: 'text/html; charset=utf-8', assertMayWrite })
  return { counts, report }
}

/** An undo that was stopped ends also where its journal is lost for good. Throws what may pass, and what ends another undo as failed. */
function unread(thrown: unknown, { ref, stopped }: EndUndoInput): Kept {
  const failure = asFailure(thrown, `reading the journal of restore ${ref.name}`)
  const type = failureTypeOf(failure)
  if (stopped === undefined || (type !== failureTypes.journal && type !== failureTypes.failed)) throw thrown
  return { because: (failure as Error).message }
}

function wordsOf(
  kept: Kept,
  { stopped, stillThere }: { stopped: string | undefined; stillThere: readonly string[] },
): string {
  const first = stopped === undefined ? '' : `${stopped}; `
  const last = stillThere.length === 0 ? '' : `; on their way out: ${firstNames(stillThere, namesMax)}`
  const done = 'because' in kept ? `how far it came is not known: ${kept.because}` : countsInWords(kept.counts)
  return `${first}${done}${last}`
}

/** Objects that a sentence names. */
const namesMax = 3
