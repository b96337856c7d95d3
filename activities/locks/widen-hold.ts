import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'
import { locksQuery, locksWorkflowIdOf, locksWorkflowType } from '../../contract/lock-workflow.ts'
import { widenLocksSignal, withdrawLocksSignal } from '../../contract/lock-workflow.ts'
import type { WidenSignal } from '../../contract/lock-workflow.ts'
import type { Locks } from '../../core/locks/decide-grants.ts'
import { judgeWider } from '../../core/locks/wider-locks.ts'
import type { LockRun, WiderVerdict } from '../../core/locks/wider-locks.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import { formatGoDuration } from '../../core/values/go-duration.ts'
import { askTemporal } from '../frame/activity-context.ts'
import { readAll } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'
import { waitSince } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Clock } from '../ports.ts'

/** What asking for one more namespace needs. */
export interface Widening {
  ref: { namespace: string; cluster: string }
  /** The run under whose name the locks were asked for; absent for that of this activity. */
  run?: LockRun | undefined
  journal: Journal
  attempt: Pick<Attempt, 'signal'>
  clock: Clock
  lockTimeoutSeconds: number
}

/** The folder of the journal with the namespaces that a restore has besides those of its plan. */
export const widerFolder = 'wider/'

const shardOf = (namespace: string) => `${widerFolder}${sha256Hex(namespace).slice(0, 40)}`

/** The namespaces that a restore has besides those of its plan: it asks for them too where it asks again (rule 9). */
export async function widerNamespaces(journal: Journal): Promise<string[]> {
  return (await readAll<string>(journal, widerFolder)).toSorted()
}

/** The pauses until the wish is heard: a namespace that nobody has is there after the first. One that another has is not waited for. */
const pausesMs: readonly number[] = [100, 300]

/** How long Temporal may take for an answer: an item waits for it. */
const answerMs = 5000
const inTime = <T>(work: () => Promise<T>): Promise<T> => askTemporal(work, answerMs)

/** Why a restore may not write into a namespace: what it waits for, or why it has to do without. */
export type NotWider = { waitingFor: string } | { without: string }

/**
 * Makes sure that no other restore writes into a namespace that the plan does not have, before this one does (rule 9): undefined
 * where it may. That it has it is journalled, so that a later run asks for it with the others. Who does without wants it no more.
 */
export async function widenHold(namespace: string, widening: Widening): Promise<undefined | NotWider> {
  const { journal, attempt, clock } = widening
  if ((await journal.read<string>(shardOf(namespace))) !== undefined) return undefined
  let verdict = await judge(namespace, widening)
  for (const pauseMs of pausesMs) {
    if (verdict.do !== 'ask' && verdict.do !== 'soon') break
    await clock.sleep(pauseMs, attempt.signal)
    verdict = await judge(namespace, widening)
  }
  if (verdict.do === 'go') {
    await journal.write(shardOf(namespace), namespace)
    return undefined
  }
  const answer = await notYet(namespace, verdict, widening)
  if ('without' in answer) await withdraw(namespace, widening)
  return answer
}

async function notYet(
  namespace: string,
  verdict: WiderVerdict,
  { journal, clock, lockTimeoutSeconds }: Widening,
): Promise<NotWider> {
  const behind = 'behind' in verdict ? verdict.behind : `its turn to restore into namespace ${namespace}`
  if (verdict.do === 'leave') return { without: `${behind} and waits for this restore in turn` }
  const since = await waitSince(journal, shardOf(namespace), clock.now())
  if (clock.now().getTime() < since + lockTimeoutSeconds * 1000) return { waitingFor: behind }
  const patience = `${formatGoDuration(lockTimeoutSeconds * 1000)} (DRYDOCK_LOCK_TIMEOUT)`
  return { without: `gave up after ${patience} of waiting for ${behind}` }
}

function runOf({ run }: Widening): LockRun {
  const { workflowId = '', runId = '' } = run ?? Context.current().info.workflowExecution ?? {}
  return { workflowId, runId }
}

/** Else it gets the namespace later, writes nothing there, and keeps others from it until its end. */
async function withdraw(namespace: string, widening: Widening): Promise<void> {
  const wish: WidenSignal = { run: runOf(widening), namespaces: [namespace] }
  const handle = Context.current().client.workflow.getHandle(locksWorkflowIdOf(widening.ref))
  await inTime(() => handle.signal(withdrawLocksSignal.name, wish)).catch((thrown: unknown) => {
    if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
  })
}

/** Asks the workflow of the locks, and sends it the wish where it does not know of that. Where it does not run it is started. */
async function judge(namespace: string, widening: Widening): Promise<WiderVerdict> {
  const { client, info } = Context.current()
  const { ref } = widening
  const run = runOf(widening)
  const handle = client.workflow.getHandle(locksWorkflowIdOf(ref))
  const known = await inTime(() => handle.query<Locks>(locksQuery.name)).catch(() => undefined)
  const verdict = judgeWider(known ?? { holders: [], waiting: [] }, run, namespace)
  if (verdict.do === 'ask')
    await inTime(() =>
      client.workflow.signalWithStart(locksWorkflowType, {
        workflowId: locksWorkflowIdOf(ref),
        taskQueue: info.taskQueue,
        signal: widenLocksSignal.name,
        signalArgs: [{ run, namespaces: [namespace] } satisfies WidenSignal],
        args: [],
        staticSummary: `Which restore writes into which namespace (${ref.namespace})`,
      }),
    )
  return verdict
}
