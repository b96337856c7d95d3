import { setTimeout as sleep } from 'node:timers/promises'
import { isTransient } from '../../core/port-errors.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { oneLine } from './errors.ts'
import { queryProgress } from './query-progress.ts'
import type { ProgressAnswer } from './query-progress.ts'
import { restoreState } from './restore-state.ts'
import type { RestoreState } from './restore-state.ts'
import { readRestore } from './velero-objects.ts'
import { refOf } from './start-restore.ts'

/** How a restore is followed. */
export interface FollowOptions {
  onState: (state: RestoreState) => void
  signal?: AbortSignal
  pollMs?: number
}

/** An API server may be away this long (an upgrade, a lost network) before the following ends. */
const clusterPatienceMs = 120_000
/** A worker that is busy misses one question now and then; that is not yet news. */
const missesMax = 3

/**
 * Follows a restore until it is over, telling each state, and returns the Restore as it ended: undefined where it was
 * deleted, or another one stands under its name. Rejects with the signal's reason.
 */
export async function followRestore(
  connections: Connections,
  restore: Restore,
  { onState, signal, pollMs = 500 }: FollowOptions,
): Promise<Restore | undefined> {
  const { name, uid } = restore.metadata
  const read = patientReader(connections, name)
  let last: ProgressAnswer = { do: 'none', waitingFor: 'the workflow to begin' }
  let misses = 0
  const aborted = rejectionOf(signal)
  aborted.catch(() => {})
  for (;;) {
    signal?.throwIfAborted()
    const [seen, answer] = await Promise.race([
      Promise.all([read(), queryProgress(connections, refOf(connections, restore), 'again')]),
      aborted,
    ])
    misses = answer.do === 'answer' ? 0 : misses + 1
    if (answer.do === 'answer' || misses >= missesMax || last.do === 'none') last = answer
    if ('away' in seen) {
      onState({ ...restoreState(name, restore, last), waitingFor: seen.away })
    } else {
      const live = seen.restore?.metadata.uid === uid ? seen.restore : undefined
      const state = restoreState(name, live, last)
      onState(state)
      if (state.over) return live
    }
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => {})
  }
}

/** Reads the Restore; an API server that is away is a state to be told, until patience ends. */
function patientReader(
  connections: Connections,
  name: string,
): () => Promise<{ restore: Restore | undefined } | { away: string }> {
  let awaySince: number | undefined
  return async () => {
    try {
      const restore = await readRestore(connections, name)
      awaySince = undefined
      return { restore }
    } catch (thrown) {
      awaySince ??= performance.now()
      if (!isTransient(thrown) || performance.now() - awaySince > clusterPatienceMs) throw thrown
      return { away: oneLine(`the API server: ${thrown instanceof Error ? thrown.message : String(thrown)}`) }
    }
  }
}

function rejectionOf(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
