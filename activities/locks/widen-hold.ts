import { Context } from '@temporalio/activity'
import { locksQuery, locksWorkflowIdOf, locksWorkflowType, widenLocksSignal } from '../../contract/lock-workflow.ts'
import type { WidenSignal } from '../../contract/lock-workflow.ts'
import type { Locks } from '../../core/locks/decide-grants.ts'
import { judgeWider } from '../../core/locks/wider-locks.ts'
import type { LockRun, WiderVerdict } from '../../core/locks/wider-locks.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import { formatGoDuration } from '../../core/values/go-duration.ts'
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

/** The pauses between the questions of one look; a namespace that nobody has is there at the first. */
const pausesMs: readonly number[] = [100, 300, 900]

/** How long the workflow of the locks may take to answer. */
const answerMs = 5000

/**
 * Makes sure that no other restore writes into a namespace that the plan does not have, before this one does (rule 9): nothing,
 * what it waits for, or why it has to do without. That it has it is journalled, so that a later run asks for it with the others.
 */
export async function widenHold(
  namespace: string,
  widening: Widening,
): Promise<undefined | { waitingFor: string } | { without: string }> {
  const { journal, attempt, clock, lockTimeoutSeconds } = widening
  if ((await journal.read<string>(shardOf(namespace))) !== undefined) return undefined
  let verdict: WiderVerdict
  for (let asked = 0; ; asked++) {
    verdict = await judge(namespace, widening)
    if (verdict.do === 'go') {
      await journal.write(shardOf(namespace), namespace)
      return undefined
    }
    const pauseMs = pausesMs[asked]
    if (verdict.do === 'leave' || pauseMs === undefined) break
    await clock.sleep(pauseMs, attempt.signal)
  }
  const behind = 'behind' in verdict ? verdict.behind : `its turn to restore into namespace ${namespace}`
  if (verdict.do === 'leave') return { without: `${behind} and waits for this restore in turn` }
  const since = await waitSince(journal, shardOf(namespace), clock.now())
  if (clock.now().getTime() < since + lockTimeoutSeconds * 1000) return { waitingFor: behind }
  const patience = `${formatGoDuration(lockTimeoutSeconds * 1000)} (DRYDOCK_LOCK_TIMEOUT)`
  return { without: `gave up after ${patience} of waiting for ${behind}` }
}

/** Asks the workflow of the locks, and sends it the wish where it does not know of that. Where it does not run it is started. */
async function judge(namespace: string, { ref, run: named }: Widening): Promise<WiderVerdict> {
  const { client, info } = Context.current()
  const { workflowId = '', runId = '' } = named ?? info.workflowExecution ?? {}
  const run = { workflowId, runId }
  const handle = client.workflow.getHandle(locksWorkflowIdOf(ref))
  const known = await client
    .withDeadline(Date.now() + answerMs, () => handle.query<Locks>(locksQuery.name))
    .catch(() => undefined)
  const verdict = judgeWider(known ?? { holders: [], waiting: [] }, run, namespace)
  if (verdict.do === 'ask')
    await client.workflow.signalWithStart(locksWorkflowType, {
      workflowId: locksWorkflowIdOf(ref),
      taskQueue: info.taskQueue,
      signal: widenLocksSignal.name,
      signalArgs: [{ run, namespaces: [namespace] } satisfies WidenSignal],
      args: [],
      staticSummary: `Which restore writes into which namespace (${ref.namespace})`,
    })
  return verdict
}
