import type { Outcome } from '../../core/items/outcome.ts'
import { chunkKey, plannedKey } from '../../core/plan/plan.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { countWithCauses } from '../../core/report/failure-causes.ts'
import { isPreview } from '../../core/preview/verdict.ts'
import { tallyOf, type Tally } from '../../core/results/tally.ts'
import { assertUnderway, lookAgain, pauseAfter, runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { ensureNamespaces, lostOutcome } from './target-namespaces.ts'
import type { IntoNamespaces, NamespacesReport } from './target-namespaces.ts'
import { hasRegistered } from '../hooks/hook-journal.ts'
import { actingFor } from '../frame/acting-as.ts'
import { readAll, readOutcomes } from '../frame/journal.ts'
import { journalBatch, newBatch } from './journal-batch.ts'
import type { Batch } from './journal-batch.ts'
import { journalIntents } from './item-work.ts'
import type { Intent, ItemStep } from './item-work.ts'
import type { LocksOfRun } from '../../contract/lock-workflow.ts'
import type { Look, Wait } from '../../contract/look.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Restore } from '../../velero/restore.ts'
import type { PlannedSession, WorkerParts } from '../frame/session.ts'
import { previewItem } from '../preview/preview-item.ts'
import { createResetCheck } from '../locks/check-reset.ts'
import { makeItemTools, NotYet, type ItemTools } from './item-tools.ts'
import { makePluginTools } from './plugin-tools.ts'
import { restoreInto } from './restore-item.ts'
import { deadlineFor, inBatches, limitFor, settleAll, tryItem, withDeadline } from './side-by-side.ts'
import type { ItemLimits, SettledStep, SideBySide } from './side-by-side.ts'

/** Which chunk to restore. */
export interface ChunkInput {
  ref: AdmittedRef
  wave: number
  chunk: number
  /** An earlier run of this restore may have begun this chunk. */
  resumed: boolean
  /** Only items with these target namespaces; the others are done. */
  only?: readonly string[]
  /** Not the items with these target namespaces: they wait until the namespaces are gone. */
  except?: readonly string[]
  /** Target namespaces that were still terminating at the deadline: nothing is written for their items. */
  lost?: readonly string[]
  /** Target namespaces that could not be created in their wave: they are asked for again. */
  refused?: readonly string[]
  /** Only items that earlier passes have parked are tried: 1 after their wave, 2 and more after all waves. */
  pass?: number
  /** Items are parked for other reasons than that something is missing: what is missing may still come. */
  open?: boolean
  /** This run was reset: attempts of the run before may still write, and it may have released its locks. */
  reset?: LocksOfRun
  look?: Look
}

/** Counts of the outcomes of a chunk, and what is to be done for it. */
export interface ChunkReport extends NamespacesReport {
  /** What the server said of one of the items that are to be tried again. */
  parkedBecause?: string
  /** Pods of this chunk have exec hooks. */
  hooks?: true
}

/** What restoring chunks needs. */
export interface ChunkParts extends WorkerParts {
  /** Bound the items in flight over all chunks of this worker. */
  itemLimits: ItemLimits
}

/**
 * Restores the items of one chunk, many at once, and journals their outcomes at each checkpoint. An attempt that
 * follows another one waits first until that one cannot write any more (rule 7), then leaves out what the journal has.
 * Attempts of an earlier run were waited for when this run was admitted.
 */
export function restoreChunk(parts: ChunkParts) {
  const checkReset = createResetCheck(parts)
  return (input: ChunkInput): Promise<ChunkReport | Wait> => {
    const key = chunkKey(input.wave, input.chunk)
    const { ref, reset } = input
    const frame = { doing: `restoring ${key}`, scope: `${ref.uid}/${key}`, followsEarlierRun: reset !== undefined }
    return runActivity(parts.ports.presence, frame, async (attempt) => {
      const restore = await assertUnderway(parts.ports.cluster, ref, { isReset: reset !== undefined })
      const wait = reset === undefined ? undefined : await checkReset({ ref, restore }, reset)
      if (wait !== undefined) return lookAgain(attempt, input.look, wait)
      return parts.sessions.withPlan(ref, attempt.signal, async (session) => {
        const again = input.resumed || input.pass !== undefined || input.look?.carry !== undefined
        const follows = attempt.number > 1 || again || reset !== undefined
        const known = follows || session.facts.plugins ? await readOutcomes(session.journal, key) : []
        const itemLimit = limitFor(session.admission.restore.annotations, parts)
        return runChunk({
          ...partsFor(parts, session, restore),
          itemLimit,
          session,
          attempt,
          input,
          key,
          known,
          follows,
        })
      })
    })
  }
}

/** The parts of a worker for a restore: as whom it writes, and what a preview predicts is not counted as done. */
function partsFor(parts: ChunkParts, { admission }: PlannedSession, live: Restore): ChunkParts {
  const acting = actingFor(parts.ports, parts.settings, { admission, live })
  if (!isPreview(admission)) return { ...parts, ports: acting }
  const { meter: _uncounted, ...ports } = acting
  return { ...parts, ports }
}

/** What one attempt works with. */
interface ChunkRun extends ChunkParts, Pick<SideBySide, 'itemLimit'> {
  session: PlannedSession
  attempt: Attempt
  input: ChunkInput
  key: string
  /** Outcomes that earlier attempts and passes have journalled. */
  known: readonly Outcome[]
  /** Earlier attempts or passes may have begun any item. */
  follows: boolean
}

async function runChunk(run: ChunkRun): Promise<ChunkReport | Wait> {
  const wave = run.session.plan.waves[run.input.wave]
  const chunk = wave?.chunks[run.input.chunk]
  if (wave === undefined || chunk === undefined) throw new Error(`the plan has no ${run.key}`)
  const plugins = makePluginTools({ ...run, users: run.settings }, run.ports.plugins)
  const known = tallyOf(run.known)
  // Later, an item without an outcome waits for its namespace to go away.
  const isNew = (outcome: Outcome | undefined) =>
    run.input.pass === undefined ? outcome === undefined : outcome?.parked !== undefined
  const items = chunk.items.filter(
    (item) => isDue(item, run.input) && isNew(known.get(plannedKey(wave.groupResource, item))),
  )
  const { groupResource } = wave
  const tools = { ...makeItemTools(run.session, run.attempt, run, { groupResource, items }), plugins }
  if (groupResource === 'namespaces') return ensureNamespaces(run, items, { tools, before: known })

  const batches: BatchRun = {
    ...run,
    groupResource,
    tools,
    before: known,
    intents: await readIntents(run),
    waits: [],
    ensured: new Map(),
  }
  const outcomes = await restoreBatches(batches, items)
  if (batches.waits.length > 0) return lookAgain(run.attempt, run.input.look, waitFor(batches.waits, run.attempt))
  const tally = tallyOf(outcomes)
  const counts = { ...countWithCauses(tally), ...whyParked(tally) }
  const mayHook = wave.groupResource === 'pods' || plugins !== undefined
  const hasHooks = mayHook && (await hasRegistered(run.session.journal, run.key))
  return hasHooks ? { ...counts, hooks: true } : counts
}

const lookSeconds = { first: 2, last: 15 } as const

/** Items without an outcome yet; the others are journalled, so the next look is about these alone. */
function waitFor(waits: readonly string[], { number }: Attempt): Wait {
  const more = waits.length > 1 ? [`${waits.length - 1} more`] : []
  const waitingFor = [...waits.toSorted().slice(0, 1), ...more].join(', and ')
  return { waitingFor, afterSeconds: pauseAfter(number, lookSeconds), carry: 'begun' }
}

/** The beginning of the message of one parked item: of a Secret it quotes nothing (rule 14). */
function whyParked(tally: Tally): { parkedBecause?: string } {
  const parked = [...tally.values()].find((outcome) => outcome.parked !== undefined)
  const text = parked?.messages.at(-1)?.text
  return text === undefined ? {} : { parkedBecause: text.slice(0, 300) }
}

/** What all batches of a chunk share. A batch is the items between two checkpoints. */
interface BatchRun extends ChunkRun, Pick<IntoNamespaces, 'groupResource' | 'ensured'> {
  tools: ItemTools
  /** What earlier attempts and passes came to. */
  before: Tally
  /** Changes that earlier attempts decided, by key of the outcome. */
  intents: ReadonlyMap<string, Outcome>
  /** What items wait for that have no outcome yet. */
  waits: string[]
}

/** Batch by batch, with a checkpoint after each. All items have ended when this returns or throws. */
async function restoreBatches(run: BatchRun, items: readonly PlannedItem[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [...run.known]
  const begun: Batch[] = []
  await inBatches(items, {
    size: run.settings.checkpointItems,
    clock: run.ports.clock,
    begin: (batch, part, throwIfFailed) =>
      restoreBatch(run, batch, { part, into: (begun[part] = newBatch()), throwIfFailed }),
    keepSoFar: (part) => journalBatch(run, begun[part] ?? newBatch(), part),
    keep: (batch, part) => keepBatch(run, batch, { part, outcomes }),
  })
  return outcomes
}

/** The checkpoint after a batch. Throws what kept the batch from its end. */
async function keepBatch(
  run: BatchRun,
  batch: Batch,
  { part, outcomes }: { part: number; outcomes: Outcome[] },
): Promise<void> {
  await journalBatch(run, batch, part)
  const { done, failure } = batch
  run.ports.meter?.itemsDone(run.groupResource, done)
  outcomes.push(...done)
  run.attempt.done(outcomes.length)
  if (failure !== undefined) throw failure
}

/** Creates the items side by side, then journals the changes of objects that existed before, then makes the changes. */
async function restoreBatch(
  run: BatchRun,
  batch: readonly PlannedItem[],
  { part, into, throwIfFailed }: { part: number; into: Batch; throwIfFailed: () => void },
): Promise<Batch> {
  const { done, hooks } = into
  const { groupResource, tools } = run
  const intents: Intent[] = []
  const { pass = 0, open } = run.input
  const keep = (step: SettledStep) => {
    done.push(countAsChanged(step.done, run.intents))
    if (step.hooks !== undefined) hooks.push(step.hooks)
  }
  // Once a batch or a checkpoint has failed, nothing more of this one is begun.
  const throwIfStopped = () => {
    run.attempt.throwIfStopped()
    throwIfFailed()
  }
  const bounds = { ...run, attempt: { throwIfStopped } }
  const first = await settleAll(batch, bounds, async (item, limited) => {
    if (run.input.lost?.includes(item.target ?? '') === true) {
      done.push(lostOutcome(groupResource, item, tools))
      return
    }
    const before = run.before.get(plannedKey(groupResource, item))
    const bounded = withDeadline(tools, deadlineFor({ before, pass }, tools))
    const send = () => limited(() => sendItem(item, run, bounded))
    const step = await orNotYet(tryItem(send, { before, pass, open }, tools))
    if (step instanceof NotYet) run.waits.push(step.message)
    else if ('intent' in step) intents.push(step.intent)
    else keep(step)
  })
  if (first.failure !== undefined || intents.length === 0) return { ...into, ...first }
  try {
    await journalIntents(run, intents, `${run.attempt.id}-${part}`)
  } catch (failure) {
    // What the batch has created is journalled all the same.
    return { ...into, failure }
  }
  const second = await settleAll(intents, bounds, async (intent, limited) => {
    const before = run.before.get(intent.outcome.key)
    keep(await tryItem(() => limited(() => intent.apply()), { before, pass, open }, tools))
  })
  return { ...into, ...second }
}

/** A preview sends its items by dry runs. */
function sendItem(item: PlannedItem, run: BatchRun, tools: ItemTools): Promise<ItemStep> {
  if (tools.preview === undefined) return restoreInto(item, run, tools)
  return previewItem(tools, tools.preview, (each) => restoreInto(item, run, each))
}

/** The step of an item, or that it has to be looked at again. */
function orNotYet<Step>(work: Promise<Step>): Promise<Step | NotYet> {
  return work.catch((thrown: unknown) => {
    if (thrown instanceof NotYet) return thrown
    throw thrown
  })
}

/** An object that an earlier attempt changed looks unchanged now: the intent of that attempt is its outcome. */
function countAsChanged(outcome: Outcome, intents: ReadonlyMap<string, Outcome>): Outcome {
  const intent = intents.get(outcome.key)
  if (intent === undefined || outcome.action !== 'skipped') return outcome
  return outcome.contents === undefined ? intent : { ...intent, contents: outcome.contents }
}

/** Changes of objects that existed before, as earlier attempts of this chunk decided them, by key. */
async function readIntents({ follows, session, key }: ChunkRun): Promise<ReadonlyMap<string, Outcome>> {
  if (!follows) return new Map()
  const lists = await readAll<Outcome[]>(session.journal, `intents/${key}/`)
  return new Map(lists.flat().map((outcome) => [outcome.key, outcome]))
}

function isDue(item: PlannedItem, input: ChunkInput): boolean {
  const target = item.target ?? ''
  if (input.only !== undefined) return input.only.includes(target)
  return input.except?.includes(target) !== true
}
