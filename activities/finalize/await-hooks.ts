import type { Wait } from '../../contract/look.ts'
import { judgeHooks } from '../../core/hooks/judge-hooks.ts'
import type { HookVerdict } from '../../core/hooks/judge-hooks.ts'
import type { PodHooks } from '../../core/hooks/pod-hooks.ts'
import { whyPodIsNotUp } from '../../core/items/why-waiting.ts'
import { pauseAfter } from '../frame/run-activity.ts'
import { closeRegistration, createHookReader, podsWithoutResult } from '../hooks/hook-journal.ts'
import { readDeadline, readVerdict, writeDeadline, writeVerdict } from '../hooks/hook-journal.ts'
import type { Cluster } from '../ports.ts'
import type { FinalizeContext, FinalizeFinding, FinalizeTask } from './task.ts'
import { resourceTimeout } from './task.ts'

const lookSeconds = { first: 0.5, last: 15 } as const
/** After the deadline `runHooks` gets so long to write the results of the hooks that it has not run. */
const graceMs = 20_000
/** So many pods are asked why their hooks cannot run. */
const askedMax = 3

/**
 * Looks whether each exec hook has a result, until the deadline at most, and reports what they came to. The verdict is
 * journalled: a rerun finds it and changes nothing. It is run only for a restore with hooks.
 */
export const awaitHooks: FinalizeTask = {
  name: 'await-hooks',
  title: 'wait for hooks',
  work: 'hooks',
  deadlineSeconds: resourceTimeout,
  async run(context) {
    const { journal } = context.session
    const standing = await readVerdict(journal)
    if (standing !== undefined) return findingOf(standing)
    const { clock } = context.ports
    const open = await podsWithoutResult(journal)
    if (open === undefined) return { messages: [], hookStatus: {} }
    const until = (await readDeadline(journal)) ?? (await beginWait(context))
    if (open.length > 0 && clock.now().getTime() < Date.parse(until) + graceMs) return waitFor(open, context)
    const state = await createHookReader()(journal)
    return findingOf(await writeVerdict(journal, judgeHooks(state, context.session.ref.namespace)))
  },
}

/** All pods are registered by now. The deadline comes last: where it stands, nothing is to be written any more. */
async function beginWait({ session: { journal }, ports, deadlineMs }: FinalizeContext): Promise<string> {
  await closeRegistration(journal, ports.clock.now().toISOString())
  return writeDeadline(journal, new Date(deadlineMs).toISOString())
}

async function waitFor(open: readonly PodHooks[], { ports, attempt }: FinalizeContext): Promise<Wait> {
  const said = await Promise.all(open.slice(0, askedMax).map((pod) => whyOpen(pod, ports.cluster)))
  const more = open.length > askedMax ? [`${open.length - askedMax} more pods`] : []
  const waitingFor = `hooks in ${[...said, ...more].join('; ')}`
  return { waitingFor, afterSeconds: pauseAfter(attempt.number, lookSeconds) }
}

async function whyOpen({ namespace, name, uid }: PodHooks, cluster: Cluster): Promise<string> {
  const live = await cluster.get({ group: '', version: 'v1', resource: 'pods', namespace, name })
  return `pod ${namespace}/${name}${live?.metadata.uid === uid ? whyPodIsNotUp(live) : ', which is gone'}`
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
