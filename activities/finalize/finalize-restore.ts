import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { isWait } from '../../contract/look.ts'
import type { Look, Wait } from '../../contract/look.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { WorkLeft } from '../../core/finalize/work-left.ts'
import { error } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { faultLine } from '../../core/program-fault.ts'
import { redact } from '../../core/values/redact.ts'
import { formatGoDuration } from '../../core/values/go-duration.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { asFailure, failureTypes, unknownTask } from '../frame/failures.ts'
import { actingFor } from '../frame/acting-as.ts'
import { outcomesShard } from '../frame/journal.ts'
import { assertUnderway, lookAgain, runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Session, WorkerParts } from '../frame/session.ts'
import type { Settings } from '../settings.ts'
import { createFactsCache } from './finalize-facts.ts'
import type { FinalizeFacts } from './finalize-facts.ts'
import type { FinalizeFinding, FinalizeTask, HookStatus } from './task.ts'
import { finalizeTasks } from './tasks.ts'

/** A task as the history holds it. */
export interface ListedTask {
  name: string
  title: string
  deadlineSeconds: number
  /** Why it cannot be run: that is its error. */
  problem?: string
}

/** Which task to run. */
export interface FinalizeInput {
  ref: AdmittedRef
  /** The task's name. */
  task: string
  /** Its deadline, as listed; absent in restores that began when their tasks were not listed yet. */
  deadlineSeconds?: number
  /** Why no attempt came to its end. Given, it becomes the task's error, and the task is not run. */
  problem?: string
  look?: Look
  /** Attempts of an earlier run may still be able to write. */
  follows?: true
}

/** Counts only: the messages are in the journal. */
export interface FinalizeReport {
  messages: number
  hookStatus?: HookStatus
}

/** What these activities need. */
export interface FinalizeParts extends WorkerParts {
  /** The tasks of this worker. */
  tasks?: readonly FinalizeTask[]
}

/**
 * Lists the tasks that a restore is to run, in order, whatever is left to do. Restores whose conclusion lists none ask for
 * them: those that were concluded by an earlier version.
 */
export function listFinalizeTasks(parts: FinalizeParts) {
  return ({ ref }: { ref: AdmittedRef }): Promise<{ tasks: ListedTask[] }> =>
    runActivity(parts.ports.presence, { doing: 'listing the finalization tasks' }, async () => ({
      tasks: listTasks(await parts.sessions.open(ref), parts),
    }))
}

/** The tasks that a restore is to run, in order. With `left` those without any work are left out. */
export function listTasks(
  session: Session,
  { settings, tasks = finalizeTasks }: Pick<FinalizeParts, 'settings' | 'tasks'>,
  left?: WorkLeft,
): ListedTask[] {
  const mayWork = ({ work }: FinalizeTask) => left === undefined || work === undefined || left[work]
  return tasks.filter(mayWork).flatMap((task) => listTask(task, session, settings))
}

/** A task that cannot even be listed is one with an error: the others, and the restore, go on. */
function listTask({ name, title, isWanted, deadlineSeconds }: FinalizeTask, session: Session, settings: Settings) {
  try {
    if (isWanted?.(session, settings) === false) return []
    return [{ name, title, deadlineSeconds: deadlineSeconds(settings) }]
  } catch (thrown) {
    const problem = `finalization task ${name} has a defect and was given up: ${redact(faultLine(thrown))}`
    return [{ name, title, deadlineSeconds: settings.resourceTimeoutSeconds, problem }]
  }
}

/**
 * Runs one finalization task and journals its messages under its name. The first result that is journalled stands: an
 * attempt that finds one reports it and runs nothing. So messages count once, and an attempt that was lost changes none
 * of them. An attempt that follows another one waits first until that one can write no more (rule 7).
 */
export function finalizeRestore(parts: FinalizeParts) {
  const factsOf = createFactsCache()
  return (input: FinalizeInput): Promise<FinalizeReport | Wait> => {
    const { ref, task, problem } = input
    const frame = {
      doing: `finalization task ${task}`,
      scope: `${ref.uid}/finalize/${task}`,
      // The attempts that the problem is about may still be able to write.
      followsEarlierRun: problem !== undefined || input.follows === true,
    }
    return runActivity(parts.ports.presence, frame, async (attempt) => {
      const session = await parts.sessions.open(ref)
      const shard = outcomesShard(`finalize/${task}`, 'result', 0)
      const standing = await session.journal.read<TaskResult>(shard)
      if (standing !== undefined) return reportOf(standing)
      const live = await assertUnderway(parts.ports.cluster, ref, { isReset: input.follows === true })
      const ports = actingFor(parts.ports, parts.settings, { admission: session.admission, live })
      const result = await runTask(input, { ...parts, ports, session, attempt, factsOf })
      if ('waitingFor' in result) return lookAgain(attempt, input.look, result)
      return reportOf(await session.journal.writeOnce(shard, result))
    })
  }
}

/** What the shard of a task holds: one outcome, of no item. */
type TaskResult = readonly [Outcome & { hookStatus?: HookStatus }]

function reportOf([{ messages, hookStatus }]: TaskResult): FinalizeReport {
  return { messages: messages.length, ...(hookStatus === undefined ? {} : { hookStatus }) }
}

interface TaskRun extends FinalizeParts {
  session: Session
  attempt: Attempt
  factsOf: (session: Session, runId: string) => Promise<FinalizeFacts>
}

async function runTask(input: FinalizeInput, run: TaskRun): Promise<TaskResult | Wait> {
  const { clock } = run.ports
  const { journal } = run.session
  const shard = `finalize/${input.task}`
  const { at } =
    (await journal.read<{ at: string }>(shard)) ?? (await journal.writeOnce(shard, { at: clock.now().toISOString() }))
  const finding =
    input.problem === undefined
      ? await findingOf(input, run, Date.parse(at))
      : { messages: [error('velero', input.problem)] }
  if (isWait(finding)) return finding
  return [{ key: `finalize/${input.task}`, ...finding, at: rfc3339(new Date(at)) }]
}

async function findingOf(input: FinalizeInput, run: TaskRun, beganMs: number): Promise<FinalizeFinding | Wait> {
  const { ports, settings, session, attempt } = run
  const task = (run.tasks ?? finalizeTasks).find(({ name }) => name === input.task)
  const limitSeconds = input.deadlineSeconds ?? task?.deadlineSeconds(settings) ?? settings.resourceTimeoutSeconds
  const deadlineMs = beganMs + limitSeconds * 1000
  const isOver = () => ports.clock.now().getTime() >= deadlineMs
  const isLast = isOver()
  const isListed = input.deadlineSeconds !== undefined
  try {
    if (!isListed && task?.isWanted?.(session, settings) === false) return { messages: [] }
    const facts = await run.factsOf(session, Context.current().info.workflowExecution?.runId ?? '')
    if (task === undefined) throw unknownTask(input.task)
    return await task.run({ ports, settings, session, attempt, facts, sessions: run.sessions, deadlineMs, isOver })
  } catch (thrown) {
    attempt.throwIfStopped()
    return { messages: [error('velero', whyGivenUp(thrown, input.task, { limitSeconds, isLast, attempt }))] }
  }
}

/** How often an error that is no failure of a port is tried: it is a defect of the task, and seldom passes. */
const defectAttemptsMax = 3

/** Why a task is given up, as one error of the restore. Throws where it is to be tried again, or where the restore ends. */
function whyGivenUp(
  thrown: unknown,
  task: string,
  { limitSeconds, isLast, attempt }: { limitSeconds: number; isLast: boolean; attempt: Attempt },
): string {
  const failure = asFailure(thrown, `finalization task ${task}`)
  if (!(failure instanceof ApplicationFailure)) {
    if (attempt.number < defectAttemptsMax) throw failure
    const text = failure instanceof Error ? `${failure.name}: ${redact(failure.message)}` : 'unknown'
    return `finalization task ${task} has a defect and was given up after ${attempt.number} attempts: ${text}`
  }
  if (endsRestore(failure)) throw failure
  if (failure.nonRetryable === true) return failure.message
  if (!isLast) throw failure
  return `${failure.message} (given up after ${formatGoDuration(limitSeconds * 1000)})`
}

/** No task of a restore can go on after these. */
function endsRestore(failure: ApplicationFailure): boolean {
  const final: readonly string[] = [failureTypes.gone, failureTypes.wrongCluster, failureTypes.journal]
  return final.includes(failure.type ?? '')
}
