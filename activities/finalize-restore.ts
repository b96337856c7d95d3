import type { Message } from '../core/items/outcome.ts'
import { withAttempt } from './attempt.ts'
import type { Attempt } from './attempt.ts'
import { asFailure } from './failures.ts'
import { finalizeTaskRunners } from './finalize/runners.ts'
import { outcomesShard } from './journal.ts'
import type { Ports } from './ports.ts'
import type { AdmittedRef, Session, Sessions } from './session.ts'
import { rfc3339 } from './set-phase.ts'
import type { Settings } from './settings.ts'

/** What a wrap-up task works with: gathered once, the same for all tasks. */
export interface FinalizeDesk {
  session: Session
  ports: Ports
  settings: Settings
  attempt: Attempt
}

/** A wrap-up task: safe to run twice; what it returns is put into the results under its name. */
export type FinalizeTaskRunner = (desk: FinalizeDesk) => Promise<readonly Message[]>

/** Which task to run. */
export interface FinalizeInput {
  ref: AdmittedRef
  task: string
}

/**
 * Runs one wrap-up task and puts its messages into the journal under the task's name, over those of an earlier
 * attempt: so they count once, however often it runs.
 */
export function finalizeRestore({
  ports,
  sessions,
  settings,
}: {
  ports: Ports
  sessions: Sessions
  settings: Settings
}) {
  return (input: FinalizeInput): Promise<{ messages: number }> =>
    withAttempt(ports.presence.worker, async (attempt) => {
      try {
        const session = await sessions.open(input.ref)
        const runner = finalizeTaskRunners[input.task]
        if (runner === undefined) throw new Error(`this worker does not know the wrap-up task ${input.task}`)
        const messages = await runner({ session, ports, settings, attempt })
        const outcome = { key: `finalize/${input.task}`, messages, at: rfc3339(ports.clock.now()) }
        await session.journal.write(outcomesShard(`finalize/${input.task}`, 'result', 0), [outcome])
        return { messages: messages.length }
      } catch (thrown) {
        throw asFailure(thrown, `wrap-up task ${input.task}`)
      }
    })
}
