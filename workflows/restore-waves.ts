import { condition, continueAsNew, workflowInfo } from '@temporalio/workflow'
import type { ChunkReport } from '../activities/items/restore-chunk.ts'
import { chunkKey } from '../core/plan/plan.ts'
import type { PlanSummary } from '../core/plan/plan.ts'
import { chunks, steps } from './activity-calls.ts'
import type { AdmittedRef, RestoreInput } from '../contract/restore-workflow.ts'
import type { HookRun } from './hook-run.ts'
import type { RunView } from './run-view.ts'

/** Chunks of a wave that are restored side by side. */
const lanes = 4

/** The restore whose waves these are. */
export interface WavesInput {
  input: RestoreInput
  ref: AdmittedRef
  plan: PlanSummary
  /** An earlier run may have begun any chunk. */
  resumed: boolean
  view: RunView
  hooks: HookRun
}

/**
 * Restores wave after wave. Items whose target namespace is terminating come last: all others are restored first, then
 * each such namespace is waited for once, then its items follow. A long history is continued as new between two waves.
 */
export async function restoreWaves(waves: WavesInput): Promise<void> {
  const progress = reportProgress(waves)
  const follows = waves.resumed || (waves.input.fromWave ?? 0) > 0
  if (follows) waves.hooks.start(waves.ref, follows)
  try {
    const terminating = await restoreOnce(waves, { except: [] })
    if (terminating.length === 0) return
    const only = [...new Set(terminating)]
    await restoreOnce(waves, { only, lost: await awaitNamespaces(waves, only) })
  } finally {
    await progress.stop()
  }
}

/**
 * Waits for terminating namespaces, side by side and each once. Returns those that were still there at the deadline:
 * each of their items gets Velero's error, and nothing is written for it.
 */
async function awaitNamespaces(waves: WavesInput, namespaces: readonly string[]): Promise<string[]> {
  waves.view.waitingFor(`namespaces that are going away: ${namespaces.join(', ')}`)
  const reports = await Promise.all(
    namespaces.map((name) =>
      steps.awaitNamespace.executeWithOptions({ summary: `wait until namespace ${name} is gone` }, [
        { ref: waves.ref, name },
      ]),
    ),
  )
  waves.view.waitingFor(undefined)
  return namespaces.filter((_, index) => reports[index]?.gone === false)
}

/** Which items: all but those of some namespaces, or only those; for `lost` ones an error is recorded instead. */
type Which = { except: string[] } | { only: readonly string[]; lost: readonly string[] }

async function restoreOnce(waves: WavesInput, which: Which): Promise<string[]> {
  const from = waves.input.fromWave ?? 0
  for (let index = from; index < waves.plan.waves.length; index++) {
    const late = 'except' in which ? which.except.length > 0 : true
    if (!late && index > from && workflowInfo().continueAsNewSuggested) {
      await waves.view.unpaused()
      await waves.hooks.stop()
      await continueAsNew({ ...waves.input, fromWave: index })
    }
    waves.view.enterWave(index)
    const found = await restoreWave(waves, index, which)
    if ('except' in which) which.except.push(...found)
  }
  return 'except' in which ? which.except : []
}

async function restoreWave(waves: WavesInput, index: number, which: Which): Promise<string[]> {
  const wave = waves.plan.waves[index]
  if (wave === undefined) return []
  const terminating: string[] = []
  let next = 0
  let failed = false
  const lane = async () => {
    for (let chunk = next++; chunk < wave.chunks.length && !failed; chunk = next++) {
      await waves.view.unpaused()
      const report = await restoreChunk(waves, index, chunk, which)
      waves.view.report(chunkKey(index, chunk), report)
      if (report.hooks === true) waves.hooks.start(waves.ref, false)
      terminating.push(...(report.terminating ?? []))
    }
  }
  const stopAll = (thrown: unknown): never => {
    failed = true
    throw thrown
  }
  await settle(Array.from({ length: Math.min(lanes, wave.chunks.length) }, () => lane().catch(stopAll)))
  return terminating
}

/**
 * Waits for all lanes, then throws the first failure, if any. After a failure no lane begins another chunk, so no chunk
 * runs on in the background when this throws.
 */
async function settle(running: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(running)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

function restoreChunk(waves: WavesInput, wave: number, chunk: number, which: Which): Promise<ChunkReport> {
  const planned = waves.plan.waves[wave]
  const summary = `wave ${wave + 1}, chunk ${chunk + 1}: ${planned?.chunks[chunk] ?? 0} ${planned?.groupResource ?? ''}`
  const { ref } = waves
  const resumed = waves.resumed || 'only' in which
  return chunks.restoreChunk.executeWithOptions({ summary }, [{ ref, wave, chunk, resumed, ...which }])
}

/** Writes the progress whenever a chunk has added to it, one activity at a time (rule 8). */
function reportProgress(waves: WavesInput): { stop: () => Promise<void> } {
  let stopped = false
  let written = 0
  const isNews = () => waves.view.progress().itemsDone > written
  const loop = async () => {
    while (!stopped) {
      await condition(() => stopped || isNews())
      if (stopped) return
      const { itemsDone, itemsTotal } = waves.view.progress()
      written = itemsDone
      const progress = { itemsRestored: itemsDone, totalItems: itemsTotal }
      await steps.reportProgress.executeWithOptions({ summary: `progress: ${itemsDone} of ${itemsTotal}` }, [
        { ref: waves.ref, progress },
      ])
    }
  }
  const running = loop().catch(() => undefined)
  return {
    async stop() {
      stopped = true
      await running
    },
  }
}
