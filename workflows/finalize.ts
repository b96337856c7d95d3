import { ActivityFailure, isCancellation, patched } from '@temporalio/workflow'
import type { FinalizeReport, ListedTask } from '../activities/finalize/finalize-restore.ts'
import type { HookStatus } from '../activities/finalize/task.ts'
import type { AdmittedRef } from '../contract/restore-workflow.ts'
import { followsIfReset, lookUntilOver, reasonOf, results, steps, waits } from './activity-calls.ts'
import type { RunView } from './run-view.ts'

/** An attempt ends soon after the deadline of its task; one that has not by then is lost. */
const attemptEndsAfterSeconds = 10 * 60

/** How long a task may wait, beyond its deadline, while all workers or the bucket are unavailable. */
const outageSeconds = 24 * 3600

/** What the finalization came to. */
export interface Finalized {
  /** Messages that the tasks have added to the results. */
  added: number
  hookStatus: HookStatus
}

/**
 * Runs the finalization tasks in order. The list came with the conclusion, without tasks that have nothing to do, and stands in
 * the history: a running restore keeps it when workers of another version go on with it. A task that fails becomes an error of the restore; the next one
 * runs in any case.
 */
export async function runFinalizeTasks(
  ref: AdmittedRef,
  view: RunView,
  concluded: readonly ListedTask[] | undefined,
): Promise<Finalized> {
  let added = 0
  let hookStatus: HookStatus = {}
  for (const task of await listTasks(ref, concluded)) {
    view.waitingFor(`the finalization task "${task.title}"`)
    const end = view.happenings.begin('task', task.title)
    const report = await runTask(ref, task, view)
    end()
    added += report.messages
    hookStatus = report.hookStatus ?? hookStatus
  }
  view.waitingFor(undefined)
  return { added, hookStatus }
}

type Task = Pick<ListedTask, 'name' | 'title'> & Partial<ListedTask>

async function listTasks(ref: AdmittedRef, concluded: readonly ListedTask[] | undefined): Promise<readonly Task[]> {
  if (concluded !== undefined && patched('finalize-tasks-concluded')) return concluded
  if (!patched('finalize-tasks-listed')) return unlistedTasks
  return (await steps.listFinalizeTasks.executeWithOptions({ summary: 'list the finalization tasks' }, [{ ref }])).tasks
}

/** Runs one task. Where no attempt of it comes to its end in time, that is recorded as its error. */
async function runTask(
  ref: AdmittedRef,
  { name, title, deadlineSeconds, problem }: Task,
  view: RunView,
): Promise<FinalizeReport> {
  const input = { ref, task: name, ...followsIfReset() }
  const summary = title
  const giveUp = (why: string) => {
    view.trouble(why)
    return lookUntilOver({ ref, view }, (look) =>
      results.finalizeRestore.executeWithOptions({ summary: `give up: ${title}` }, [{ ...input, problem: why, look }]),
    )
  }
  if (problem !== undefined) return giveUp(problem)
  if (deadlineSeconds === undefined)
    return lookUntilOver({ ref, view }, (look) =>
      waits.finalizeRestore.executeWithOptions({ summary }, [{ ...input, look }]),
    )
  const limits = {
    startToCloseTimeout: `${deadlineSeconds + attemptEndsAfterSeconds}s`,
    scheduleToCloseTimeout: `${deadlineSeconds + outageSeconds}s`,
  } as const
  try {
    return await lookUntilOver({ ref, view }, (look) =>
      steps.finalizeRestore.executeWithOptions({ summary, ...limits }, [{ ...input, deadlineSeconds, look }]),
    )
  } catch (thrown) {
    if (!isOutOfTime(thrown)) throw thrown
    return giveUp(`finalization task ${name}: ${reasonOf(thrown)}`)
  }
}

/** Whether Temporal gave up an activity whose failures are retried. */
function isOutOfTime(thrown: unknown): boolean {
  return thrown instanceof ActivityFailure && !isCancellation(thrown) && thrown.retryState !== 'NON_RETRYABLE_FAILURE'
}

/**
 * The tasks of restores that began when the list stood here: their histories have this order. It never changes, and can go
 * when no such restore runs any more.
 */
const unlistedTasks: readonly Task[] = ['patch-volumes', 'clean-up', 'await-hooks', 'validate', 'tidy-journal'].map(
  (name) => ({ name, title: name }),
)
