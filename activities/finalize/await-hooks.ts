import { areHooksDone, judgeHooks } from '../../core/hooks/judge-hooks.ts'
import type { HookVerdict } from '../../core/hooks/judge-hooks.ts'
import type { FinalizeDesk, FinalizeFinding } from './finalize-restore.ts'
import {
  closeRegistration,
  createHookReader,
  settleDeadline,
  settleVerdict,
  standingVerdict,
} from '../hooks/hook-journal.ts'

const lookMs = 1_000
/** The runner of hooks gets so long after the deadline to say what it has not run. */
const graceMs = 3_000

/**
 * Waits until each exec hook has a result, at most for the resource timeout, and passes the verdict, which then stands:
 * a rerun finds it and adds nothing. Without hooks it looks once into the journal.
 */
export async function awaitHooks(desk: FinalizeDesk): Promise<FinalizeFinding> {
  const { journal } = desk.session
  const standing = await standingVerdict(journal)
  if (standing !== undefined) return findingOf(standing)
  const read = createHookReader(journal)
  if ((await read()).pods.length === 0) return { messages: [], hookStatus: {} }
  await closeRegistration(journal, desk.ports.clock.now().toISOString())
  const until = await settleDeadline(
    journal,
    new Date(desk.since + desk.settings.resourceTimeoutSeconds * 1000).toISOString(),
  )
  for (;;) {
    desk.attempt.throwIfStopped()
    const state = await read()
    const isOver = desk.ports.clock.now().getTime() >= Date.parse(until) + graceMs
    if (areHooksDone(state) || isOver)
      return findingOf(await settleVerdict(journal, judgeHooks(state, desk.session.ref.namespace)))
    desk.attempt.waitingFor(`hooks of ${state.pods.length} pods`)
    await desk.ports.clock.sleep(lookMs, desk.attempt.signal)
  }
}

function findingOf({ messages, hooksAttempted, hooksFailed }: HookVerdict): FinalizeFinding {
  return {
    messages,
    hookStatus: {
      ...(hooksAttempted === 0 ? {} : { hooksAttempted }),
      ...(hooksFailed === 0 ? {} : { hooksFailed }),
    },
  }
}
