import { CancellationScope, CancelledFailure, continueAsNew, patched, sleep, workflowInfo } from '@temporalio/workflow'
import type { ChunkReport } from '../activities/items/restore-chunk.ts'
import { chunkKey, parseChunkKey } from '../core/plan/plan.ts'
import type { PlanSummary } from '../core/plan/plan.ts'
import { beginToldWait, chunks, chunksEndFirst, inLanes, lookUntilOver, looks } from './activity-calls.ts'
import type { AdmittedRef, RestoreInput } from '../contract/restore-workflow.ts'
import { lockedIfReset } from './hold-namespaces.ts'
import type { HookRun } from './async-work.ts'
import type { Pause } from './pause.ts'
import type { RunView } from './run-view.ts'
import { reportProgress } from './report-progress.ts'

/** The restore whose waves these are. */
export interface WavesInput {
  input: RestoreInput
  ref: AdmittedRef
  plan: PlanSummary
  /** An earlier run may have begun any chunk. */
  resumed: boolean
  view: RunView
  hooks: HookRun
  pause: Pause
  /** Chunks with items that are to be tried again, as `chunkKey` names them. */
  parked: Set<string>
}

/** The waves while they run. */
interface Waves extends WavesInput {
  /** Target namespaces that could not be created in their wave. */
  refused: Set<string>
  /** Those of the parked chunks whose items take long. */
  slow: Set<string>
  /** What the server said of one of the parked items, as the end of a sentence. */
  parkedBecause?: string
  /** Those whose items all lack something: others may bring it. */
  missing: Set<string>
  /** Their second tries, which go on beside the following waves. */
  beside: Promise<{ thrown?: unknown }>[]
  /** What they run in. */
  besideScope: CancellationScope
}

/**
 * Restores wave after wave. Items whose target namespace is terminating come last: all others are restored first, then
 * each such namespace is waited for once, then its items follow. A long history is continued as new between two chunks.
 * What it returns is the end of the last write of the progress, which goes on beside what follows and never fails.
 */
export async function restoreWaves(input: WavesInput): Promise<{ progress: Promise<void> }> {
  const refused = new Set(input.input.refused)
  const { slow, missing } = input.input
  const waves: Waves = {
    ...input,
    slow: new Set(slow),
    missing: new Set(missing),
    beside: [],
    besideScope: new CancellationScope(),
    refused,
  }
  const progress = reportProgress(waves)
  const { fromWave = 0, fromChunk = 0 } = waves.input
  const follows = waves.resumed || fromWave > 0 || fromChunk > 0
  if (follows) waves.hooks.start(waves.ref, follows)
  let restored: Restored
  let isThrough = false
  try {
    restored = await restoreOnce(waves, { except: [] })
    await whenBesideEnded(waves)
    if ('goOnAt' in restored) {
      waves.view.waitingFor('a new run of the workflow, since the history of this one is long')
      await waves.hooks.stop()
    } else {
      const only = [...new Set(restored.terminating)]
      if (only.length > 0) await restoreOnce(waves, { only, lost: await awaitNamespaces(waves, only) })
      await whenBesideEnded(waves)
      await tryParkedItems(waves)
      isThrough = true
    }
  } catch (thrown) {
    // What is tried beside is asked to stop, as the chunks of a wave are where one of them fails (rule 13).
    if (waves.beside.length > 0 && patched('beside-ends-with-failure')) waves.besideScope.cancel()
    throw thrown
  } finally {
    await Promise.all(waves.beside)
    if (!isThrough) await progress.stop()
  }
  if ('goOnAt' in restored) await goOnInNewRun(waves, restored.goOnAt)
  const stopped = progress.stop()
  if (!endsBeside()) await stopped
  return { progress: stopped }
}

/** Whether what the end of the waves leaves to do goes on beside the next steps: the result files do not wait for it. */
export function endsBeside(): boolean {
  return patched('waves-end-beside')
}

/**
 * Continues in a new run, which gets what this one was told and what it shows. Nothing is awaited between the look at a
 * cancel and the end of this run: one that came while hooks and progress were stopped stops the restore here.
 */
async function goOnInNewRun(waves: Waves, at: ChunkPlace): Promise<never> {
  const { input, parked, slow, missing, view, pause, refused } = waves
  const paused = pause.unwritten()
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled before a new run')
  return continueAsNew<(next: RestoreInput) => Promise<unknown>>({
    ...input,
    fromWave: at.wave,
    fromChunk: at.chunk,
    parked: [...parked],
    slow: [...slow],
    missing: [...missing],
    refused: [...refused],
    shown: { ...view.forNextRun(parked), ...(paused === undefined ? {} : { paused }) },
  })
}

/**
 * Waits for terminating namespaces, side by side and each once. Returns those that were still there at the deadline:
 * each of their items gets Velero's error, and nothing is written for it.
 */
async function awaitNamespaces(waves: Waves, namespaces: readonly string[]): Promise<string[]> {
  waves.view.waitingFor(`namespaces that are going away: ${namespaces.join(', ')}`)
  const reports = await Promise.all(
    namespaces.map((name) =>
      lookUntilOver(waves, (look) =>
        looks.awaitNamespace.executeWithOptions({ summary: `look whether namespace ${name} is gone` }, [
          { ref: waves.ref, name, look },
        ]),
      ),
    ),
  )
  waves.view.waitingFor(undefined)
  return namespaces.filter((_, index) => reports[index]?.gone === false)
}

/** Seconds between the passes after all waves: soon at first, since what was missing may just have been restored. */
const passPauses = [1, 2, 4, 8, 15, 30]

/** Tries parked items again after all waves, until each is through or given up; the activity decides which is. */
async function tryParkedItems(waves: Waves): Promise<void> {
  if (waves.parked.size === 0) return
  const inOrder = patched('parked-in-order')
  const wait = patched('parked-wait-told') ? beginToldWait(waves) : undefined
  try {
    for (let pass = 2; waves.parked.size > 0; pass++) {
      const seconds = passPauses[Math.min(pass - 2, passPauses.length - 1)] ?? 30
      wait?.change(`items that failed, to be tried again${waves.parkedBecause ?? ''}`)
      await sleep(seconds * 1000)
      await waves.view.unpaused()
      if (inOrder) await tryInOrder(waves, pass)
      else await tryChunks(waves, [...waves.parked], { pass })
    }
  } finally {
    await wait?.end()
  }
}

/** Runs all parked chunks once more, wave after wave: an item may need one of an earlier wave. */
async function tryInOrder(waves: Waves, pass: number): Promise<void> {
  const keys = [...waves.parked]
  const numbers = new Set(keys.map((key) => parseChunkKey(key).wave).sort((a, b) => a - b))
  for (const number of numbers) {
    const open = [...waves.parked].some((key) => !waves.missing.has(key))
    await tryChunks(
      waves,
      keys.filter((key) => parseChunkKey(key).wave === number),
      { pass, open },
    )
  }
}

/** Runs chunks once more for their parked items. */
async function tryChunks(waves: Waves, keys: readonly string[], which: Pass): Promise<void> {
  const places = keys.map(parseChunkKey)
  await inLanes({ to: places.length, ...waves.plan }, async (index) => {
    const { wave = 0, chunk = 0 } = places[index] ?? {}
    await waves.view.unpaused()
    noteReport(waves, { wave, chunk }, await restoreChunk(waves, { wave, chunk }, which))
  })
}

/** Which pass over parked items, and whether some are parked for other reasons than that something is missing. */
interface Pass {
  pass: number
  open?: boolean
}

/** Which items: all but those of some namespaces, or only those; for `lost` ones an error is recorded instead. */
type Which = { except: string[] } | { only: readonly string[]; lost: readonly string[] }

/** The target namespaces whose items were left out, or the chunk with which a new run is to go on. */
type Restored = { terminating: string[] } | { goOnAt: ChunkPlace }

async function restoreOnce(waves: Waves, which: Which): Promise<Restored> {
  const { fromWave: from = 0, fromChunk = 0 } = waves.input
  for (let index = from; index < waves.plan.waves.length; index++) {
    const late = 'except' in which ? which.except.length > 0 : true
    if (!late && index > from && workflowInfo().continueAsNewSuggested) {
      await waves.view.unpaused()
      return { goOnAt: { wave: index, chunk: 0 } }
    }
    waves.view.enterWave(index)
    const first = index === from && 'except' in which ? fromChunk : 0
    const found = await restoreWave(waves, { wave: index, chunk: first }, which)
    if ('except' in which) which.except.push(...found.terminating)
    if (found.nextChunk !== undefined) {
      await waves.view.unpaused()
      return { goOnAt: { wave: index, chunk: found.nextChunk } }
    }
  }
  return { terminating: 'except' in which ? which.except : [] }
}

/** Restores the chunks of a wave, from one of them on. With `nextChunk` a new run is to go on: the history is long. */
async function restoreWave(
  waves: Waves,
  from: ChunkPlace,
  which: Which,
): Promise<{ terminating: string[]; nextChunk?: number }> {
  const index = from.wave
  const wave = waves.plan.waves[index]
  if (wave === undefined) return { terminating: [] }
  const terminating: string[] = []
  const mayEnd = 'except' in which && which.except.length === 0
  // The namespaces that are waited for at the end are not handed to a new run.
  const isLong = () =>
    mayEnd && terminating.length === 0 && workflowInfo().continueAsNewSuggested && patched('new-run-at-any-chunk')
  const next = await inLanes(
    { from: from.chunk, to: wave.chunks.length, isOver: isLong, ...waves.plan },
    async (chunk) => {
      await waves.view.unpaused()
      const report = await restoreChunk(waves, { wave: index, chunk }, which)
      noteReport(waves, { wave: index, chunk }, report)
      terminating.push(...(report.terminating ?? []))
    },
  )
  if (next < wave.chunks.length) return { terminating, nextChunk: next }
  const parked = wave.chunks.map((_, chunk) => chunkKey(index, chunk)).filter((key) => waves.parked.has(key))
  const slow = parked.filter((key) => waves.slow.has(key))
  if (slow.length > 0) waves.beside.push(tryBeside(waves, slow))
  const quick = parked.filter((key) => !slow.includes(key))
  if (quick.length > 0) await tryChunks(waves, quick, { pass: 1 })
  return { terminating }
}

/** Tries slow items again while the next waves go on: never rejects, see {@link whenBesideEnded}. */
async function tryBeside(waves: Waves, keys: readonly string[]): Promise<{ thrown?: unknown }> {
  try {
    await waves.besideScope.run(() => tryChunks(waves, keys, { pass: 1 }))
    return {}
  } catch (thrown) {
    return { thrown }
  }
}

/** Waits until no chunk is tried again beside the waves; throws what one of them threw. */
async function whenBesideEnded(waves: Waves): Promise<void> {
  const results = await Promise.all(waves.beside.splice(0))
  const failed = results.find((result) => 'thrown' in result)
  if (failed !== undefined) throw failed.thrown
}

/** A chunk's report: what it adds to the view, whether it has hooks, and whether items are to be tried again. */
function noteReport(waves: Waves, { wave, chunk }: ChunkPlace, report: ChunkReport): void {
  const key = chunkKey(wave, chunk)
  waves.view.report(key, report)
  if (report.hooks === true) waves.hooks.start(waves.ref, false)
  if (report.parkedBecause !== undefined) waves.parkedBecause = `: ${report.parkedBecause}`
  if (report.parked === undefined) waves.parked.delete(key)
  else waves.parked.add(key)
  if (report.parked !== undefined && report.parked === report.missing) waves.missing.add(key)
  else waves.missing.delete(key)
  if (report.slow === undefined) waves.slow.delete(key)
  else waves.slow.add(key)
  for (const namespace of report.refused ?? []) waves.refused.add(namespace)
}

interface ChunkPlace {
  wave: number
  chunk: number
}

function restoreChunk(waves: Waves, { wave, chunk }: ChunkPlace, which: Which | Pass): Promise<ChunkReport> {
  const planned = waves.plan.waves[wave]
  const again = 'pass' in which ? ', parked items' : ''
  const summary = `wave ${wave + 1}, chunk ${chunk + 1}: ${planned?.chunks[chunk] ?? 0} ${planned?.groupResource ?? ''}${again}`
  const { ref } = waves
  const resumed = waves.resumed || 'only' in which
  const ending = chunksEndFirst() ? ({ cancellationType: 'WAIT_CANCELLATION_COMPLETED' } as const) : {}
  // Of the only chunk nobody else would have anything, and the worker that runs the workflow gets it sooner.
  const here = { allowEagerDispatch: planned?.chunks.length === 1 }
  return lookUntilOver(waves, (look) =>
    chunks.restoreChunk.executeWithOptions({ summary, ...here, ...ending }, [
      { ref, wave, chunk, resumed, ...which, ...lockedIfReset(ref), refused: [...waves.refused], look },
    ]),
  )
}
