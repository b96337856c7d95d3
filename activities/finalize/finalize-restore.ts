import { ApplicationFailure } from '@temporalio/common'
import { Context } from '@temporalio/activity'
import { deadlineSeconds, finalizeTaskOf } from '../../core/finalize/tasks.ts'
import type { FinalizeTask } from '../../core/finalize/tasks.ts'
import { error } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { formatGoDuration } from '../../core/values/go-duration.ts'
import { withAttempt } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { asFailure, failureTypes, fatal } from '../frame/failures.ts'
import { createFactsCache } from './gather-finalize-facts.ts'
import type { FinalizeFacts } from './gather-finalize-facts.ts'
import { finalizeTaskRunners } from './runners.ts'
import { outcomesShard } from '../frame/journal.ts'
import type { Ports } from '../ports.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Session, Sessions } from '../frame/session.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import type { Settings } from '../settings.ts'

/** The finalization context: all that a wrap-up task works with, the same for every task. */
export interface FinalizeDesk {
  session: Session
  sessions: Sessions
  ports: Ports
  settings: Settings
  attempt: Attempt
  /** Gathered once for all tasks. */
  facts: FinalizeFacts
  /** When the task began, in milliseconds: that of its first attempt. */
  since: number
  /** Whether the worker's resource timeout has passed since then: what is waited for is given up. */
  isOver(): boolean
}

/** What a task comes to. */
export interface FinalizeFinding {
  messages: readonly Message[]
  hookStatus?: { hooksAttempted?: number; hooksFailed?: number }
}

/** A wrap-up task: safe to run twice; its messages are put into the results under its name. */
export type FinalizeTaskRunner = (desk: FinalizeDesk) => Promise<FinalizeFinding>

/** Which task to run. */
export interface FinalizeInput {
  ref: AdmittedRef
  task: string
}

/** Counts only: the messages are in the journal. */
export interface FinalizeReport {
  messages: number
  hookStatus?: { hooksAttempted?: number; hooksFailed?: number }
}

interface FinalizeParts {
  ports: Ports
  sessions: Sessions
  settings: Settings
}

/**
 * Runs one wrap-up task and puts its messages into the journal under the task's name, over those of an earlier
 * attempt: so they count once, however often it runs. What keeps a task from its end is tried again until its deadline;
 * then it is an error of the restore that names the task, and the next one runs.
 */
export function finalizeRestore(parts: FinalizeParts) {
  const factsOf = createFactsCache()
  return (input: FinalizeInput): Promise<FinalizeReport> =>
    withAttempt(parts.ports.presence.worker, async (attempt) => {
      const { ports, sessions, settings } = parts
      try {
        const task = finalizeTaskOf(input.task)
        if (task === undefined) throw fatal(`this worker does not know the wrap-up task ${input.task}`)
        const session = await sessions.open(input.ref)
        const since = await beginTask(session, task, ports)
        const facts = await factsOf(session, Context.current().info.workflowExecution?.runId ?? '')
        const isOver = () => ports.clock.now().getTime() - since >= settings.resourceTimeoutSeconds * 1000
        const finding = await runTask(task, { ...parts, session, attempt, facts, since, isOver })
        const outcome = { key: `finalize/${task.name}`, messages: finding.messages, at: rfc3339(new Date(since)) }
        await session.journal.write(outcomesShard(`finalize/${task.name}`, 'result', 0), [outcome])
        const { hookStatus } = finding
        return { messages: finding.messages.length, ...(hookStatus === undefined ? {} : { hookStatus }) }
      } catch (thrown) {
        throw asFailure(thrown, `wrap-up task ${input.task}`)
      }
    })
}

/** When the first attempt of the task began. */
async function beginTask(session: Session, task: FinalizeTask, ports: Ports): Promise<number> {
  const { at } = await session.journal.settle(`finalize/${task.name}`, { at: ports.clock.now().toISOString() })
  return Date.parse(at)
}

async function runTask(task: FinalizeTask, desk: FinalizeDesk): Promise<FinalizeFinding> {
  const runner = finalizeTaskRunners[task.name]
  if (runner === undefined) throw fatal(`this worker has no code for the wrap-up task ${task.name}`)
  try {
    return await runner(desk)
  } catch (thrown) {
    desk.attempt.throwIfStopped()
    const failure = asFailure(thrown, `wrap-up task ${task.name}`)
    if (!(failure instanceof ApplicationFailure) || endsRestore(failure)) throw failure
    const maxMs = deadlineSeconds(task, desk.settings.resourceTimeoutSeconds) * 1000
    const spentMs = desk.ports.clock.now().getTime() - desk.since
    if (failure.nonRetryable !== true && spentMs < maxMs) throw failure
    const given = failure.nonRetryable === true ? '' : ` (given up after ${formatGoDuration(maxMs)})`
    return { messages: [error('velero', `${failure.message}${given}`)] }
  }
}

/** No task of a restore can go on after these. */
function endsRestore(failure: ApplicationFailure): boolean {
  const final: readonly string[] = [failureTypes.gone, failureTypes.wrongCluster, failureTypes.journal]
  return final.includes(failure.type ?? '')
}
