import type { Look, Wait } from '../../contract/look.ts'
import type { Attempt } from './run-activity.ts'
import type { Journal } from './journal.ts'

/**
 * Ends a look. The workflow gets the wait where its words are news, so that people see it; else the attempt fails in
 * order and Temporal begins the next one after the pause: a wait of days is one activity in the history.
 */
export function lookAgain(attempt: Attempt, look: Look | undefined, wait: Wait): Wait {
  if (look?.told !== undefined && wordsOf(look.told) !== wordsOf(wait.waitingFor)) return wait
  throw attempt.pause(wait)
}

/** What earlier looks have left for this one; undefined for the first one, and after an attempt that was lost. */
export function carriedTo(attempt: Attempt, look: Look | undefined): unknown {
  return attempt.carried ?? look?.carry
}

/** A text without its numbers: bytes and seconds change with each look, and are no news. */
function wordsOf(text: string): string {
  return text.replace(/(?<![\w.-])\d+(?![\w.-])/g, '#')
}

/** The pause before the next look: short at first, growing with each look that found nothing new. In seconds. */
export function pauseAfter(look: number, pauses: { first: number; last: number }): number {
  return Math.min(pauses.last, Math.round(pauses.first * 1.25 ** Math.min(look - 1, 50) * 10) / 10)
}

/**
 * When a wait began, in milliseconds: settled once in the journal, so that no attempt and no later run begins it anew.
 * `name` is unique among the waits of a restore.
 */
export async function waitSince(journal: Journal, name: string, now: Date): Promise<number> {
  const shard = `waits/${name}`
  const { since } =
    (await journal.read<{ since: string }>(shard)) ?? (await journal.writeOnce(shard, { since: now.toISOString() }))
  return Date.parse(since)
}
