import { setTimeout as sleep } from 'node:timers/promises'
import type { RestoreOutcome } from '../../contract/restore-workflow.ts'
import { isTransient } from '../../core/port-errors.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { exitCodes, messageOf, oneLine } from './errors.ts'
import type { ExitCode } from './errors.ts'
import { queryProgress, restoreState } from './restore-state.ts'
import type { ProgressAnswer, RestoreState } from './restore-state.ts'
import { readRestore } from './velero-objects.ts'

/** How to follow a restore. */
export interface FollowOptions {
  /** Receives each state, about twice a second. */
  onState: (state: RestoreState) => void
  /** Ends the following, not the restore. */
  signal?: AbortSignal
  pollMs?: number
}

/** For so long the API server may be away, as during an upgrade. */
const clusterAwayMsMax = 120_000
/** A busy worker leaves a query unanswered now and then; only the third time in a row is told. */
const unansweredMax = 3
/** A query is asked again soon, so it waits only so long for its answer. */
const answerMsMax = 2000

/**
 * Follows a restore until it is over and returns the Restore as it ended; undefined where it was deleted, or another one
 * has taken its name. Rejects with the reason of the signal, or where the API server is away for two minutes.
 */
export async function followRestore(
  connections: Connections,
  restore: Restore,
  { onState, signal, pollMs = 500 }: FollowOptions,
): Promise<Restore | undefined> {
  const { name, uid } = restore.metadata
  const read = restoreReader(connections, name)
  const aborted = rejectWhenAborted(signal)
  let last: ProgressAnswer | undefined
  let unanswered = 0
  for (;;) {
    signal?.throwIfAborted()
    const [found, answer] = await Promise.race([
      Promise.all([read(), queryProgress(connections, restore, answerMsMax)]),
      aborted,
    ])
    unanswered = answer.answered ? 0 : unanswered + 1
    if (last === undefined || !last.answered || answer.answered || unanswered >= unansweredMax) last = answer
    if ('away' in found) {
      onState({ ...restoreState(name, restore, last), waitingFor: found.away })
    } else {
      const current = found.restore?.metadata.uid === uid ? found.restore : undefined
      const state = restoreState(name, current, last)
      onState(state)
      if (state.over) return current
    }
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => {})
  }
}

/** Reads the Restore; while the API server is away, says so instead, until that takes too long. */
function restoreReader(
  connections: Connections,
  name: string,
): () => Promise<{ restore: Restore | undefined } | { away: string }> {
  let awaySinceMs: number | undefined
  return async () => {
    try {
      const restore = await readRestore(connections, name)
      awaySinceMs = undefined
      return { restore }
    } catch (thrown) {
      awaySinceMs ??= performance.now()
      if (!isTransient(thrown) || performance.now() - awaySinceMs > clusterAwayMsMax) throw thrown
      return { away: oneLine(`the API server: ${messageOf(thrown)}`) }
    }
  }
}

function rejectWhenAborted(signal: AbortSignal | undefined): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  // It may reject while nothing waits for it.
  aborted.catch(() => {})
  return aborted
}

/** How a restore ended, as `--output json` prints it. */
export interface EndedRestore extends RestoreOutcome {
  name: string
  uid: string
  /** From start to completion. */
  seconds?: number
  validationErrors?: string[]
}

/** How a restore ended, by the Restore that {@link followRestore} returned; where it was deleted the phase is `Gone`. */
export function outcomeOf({ metadata }: Restore, ended: Restore | undefined): EndedRestore {
  const { status = {} } = ended ?? {}
  const seconds = secondsBetween(status.startTimestamp, status.completionTimestamp)
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    phase: ended === undefined ? 'Gone' : status.phase || 'New',
    items: status.progress?.itemsRestored ?? 0,
    warnings: status.warnings ?? 0,
    errors: status.errors ?? 0,
    ...(seconds === undefined ? {} : { seconds }),
    ...(status.failureReason === undefined ? {} : { reason: status.failureReason }),
    ...(status.validationErrors === undefined ? {} : { validationErrors: status.validationErrors }),
  }
}

function secondsBetween(start: string | undefined, end: string | null | undefined): number | undefined {
  if (start === undefined || end === undefined || end === null) return undefined
  return Math.max(0, (Date.parse(end) - Date.parse(start)) / 1000)
}

/** The exit code that says how a restore ended; a Restore that was deleted counts as cancelled. */
export function exitCodeOf(ended: Restore | undefined): ExitCode {
  if (ended === undefined) return exitCodes.cancelled
  const { status = {} } = ended
  if (status.phase === 'Completed') return exitCodes.ok
  if (status.phase === 'PartiallyFailed') return exitCodes.partiallyFailed
  if (status.phase === 'Failed' && !isSweptByVelero(status) && status.failureReason?.startsWith('cancelled') === true)
    return exitCodes.cancelled
  return exitCodes.failed
}
