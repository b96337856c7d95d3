import { areHooksDone, judgeHooks } from '../../core/hooks/judge-hooks.ts'
import type { HookVerdict } from '../../core/hooks/judge-hooks.ts'
import type { FinalizeContext, FinalizeFinding, FinalizeTask } from './task.ts'
import { resourceTimeout } from './task.ts'
import { closeRegistration, createHookReader, writeDeadline, writeVerdict, readVerdict } from '../hooks/hook-journal.ts'
import type { HookState } from '../hooks/hook-journal.ts'

const lookMs = 1_000
/** After the deadline `runHooks` gets so long to write the results of the hooks that it has not run. */
const graceMs = 3_000

/**
 * Waits until each exec hook has a result, until the deadline at most, and reports what they came to. The verdict is
 * journalled: a rerun finds it and changes nothing. A restore without hooks costs one look into the journal.
 */
export const awaitHooks: FinalizeTask = {
  name: 'await-hooks',
  title: 'wait for hooks',
  deadlineSeconds: resourceTimeout,
  async run(context) {
    const { journal } = context.session
    const standing = await readVerdict(journal)
    if (standing !== undefined) return findingOf(standing)
    const read = createHookReader(journal)
    if ((await read()).pods.length === 0) return { messages: [], hookStatus: {} }
    await closeRegistration(journal, context.ports.clock.now().toISOString())
    const until = await writeDeadline(journal, new Date(context.deadlineMs).toISOString())
    return findingOf(await awaitVerdict(context, read, Date.parse(until) + graceMs))
  },
}

async function awaitVerdict(
  { session, ports, attempt }: FinalizeContext,
  read: () => Promise<HookState>,
  lastLookMs: number,
): Promise<HookVerdict> {
  for (;;) {
    attempt.throwIfStopped()
    const state = await read()
    if (areHooksDone(state) || ports.clock.now().getTime() >= lastLookMs)
      return writeVerdict(session.journal, judgeHooks(state, session.ref.namespace))
    attempt.waitingFor(`hooks of ${state.pods.length} pods`)
    await ports.clock.sleep(lookMs, attempt.signal)
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
