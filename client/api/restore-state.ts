import type { WorkflowExecutionDescription } from '@temporalio/client'
import {
  failuresQuery,
  pausedWords,
  progressQuery,
  taskQueueOf,
  workflowIdOf,
} from '../../contract/restore-workflow.ts'
import type { RestoreProgress } from '../../contract/restore-workflow.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { isTemporalError, messageOf, oneLine } from './errors.ts'
import type { RestoreState } from './options.ts'
import { isOver, refOf } from './velero-objects.ts'

export type { RestoreState } from './options.ts'

/** What the workflow of a restore answers; where it does not, what its answer waits for. */
export type ProgressAnswer = { answered: true; progress: RestoreProgress } | { answered: false; waitingFor: string }

/** Combines the status of a Restore, which has the phase, and its workflow's answer; counts are those that are higher. */
export function restoreState(name: string, restore: Restore | undefined, answer: ProgressAnswer): RestoreState {
  if (restore === undefined)
    return { name, phase: 'Gone', over: true, itemsDone: 0, itemsTotal: 0, warnings: 0, errors: 0 }
  const { status = {} } = restore
  const over = isOver(restore)
  const progress = answer.answered ? answer.progress : undefined
  const waitingFor = answer.answered ? answer.progress.waitingFor : answer.waitingFor
  return {
    name,
    phase: status.phase || 'New',
    over,
    ...(progress === undefined || progress.waves === 0 ? {} : { wave: progress.wave, waves: progress.waves }),
    ...(progress?.groupResource === undefined ? {} : { groupResource: progress.groupResource }),
    itemsDone: Math.max(progress?.itemsDone ?? 0, status.progress?.itemsRestored ?? 0),
    itemsTotal: Math.max(progress?.itemsTotal ?? 0, status.progress?.totalItems ?? 0),
    ...(progress?.waveLeft === undefined ? {} : { waveLeft: progress.waveLeft }),
    warnings: Math.max(progress?.warnings ?? 0, status.warnings ?? 0),
    errors: Math.max(progress?.errors ?? 0, status.errors ?? 0),
    ...(over || waitingFor === undefined ? {} : { waitingFor }),
  }
}

/** How long to wait for an answer. A worker answers within milliseconds unless it is busy; this is enough for most. */
const answerMsMax = 4000

/**
 * Asks the workflow of a restore for its progress, and Temporal for what its activities wait for. Never rejects: without an
 * answer the status of the Restore still says enough.
 */
export async function queryProgress(
  connections: Connections,
  restore: Restore,
  msMax = answerMsMax,
): Promise<ProgressAnswer> {
  const temporal = await connections.temporal()
  if (!temporal.reachable) return { answered: false, waitingFor: temporal.reason }
  const { client } = temporal
  const ref = refOf(connections, restore)
  const handle = client.workflow.getHandle(workflowIdOf(ref))
  const inTime = <T>(ask: () => Promise<T>) => client.withDeadline(Date.now() + msMax, ask)
  // A query needs a worker; the description comes from the server alone, so it is there when all workers are stuck.
  const [progress, wait] = await Promise.allSettled([
    inTime(() => handle.query(progressQuery)),
    inTime(async () => pendingWait((await handle.describe()).raw.pendingActivities ?? [])),
  ])
  if (progress.status === 'rejected') {
    const isAway = wait.status === 'rejected' && isNoAnswer(wait.reason)
    const missing = isAway ? 'Temporal does not answer' : missingOf(progress.reason)
    return {
      answered: false,
      waitingFor: missing ?? `a worker on task queue ${taskQueueOf(ref.cluster, ref.namespace)}`,
    }
  }
  const waitingFor = wait.status === 'fulfilled' ? wait.value : undefined
  // A pause is a person's, and nothing else goes on before it ends.
  const isPaused = progress.value.waitingFor?.startsWith(pausedWords) === true
  const told = waitingFor === undefined || isPaused ? {} : { waitingFor }
  return { answered: true, progress: { ...progress.value, ...told } }
}

/** Asks the workflow of a restore for its most recent failures; empty where it does not answer. */
export async function queryFailures(connections: Connections, restore: Restore): Promise<readonly string[]> {
  const temporal = await connections.temporal()
  if (!temporal.reachable) return []
  try {
    const handle = temporal.client.workflow.getHandle(workflowIdOf(refOf(connections, restore)))
    return await temporal.client.withDeadline(Date.now() + answerMsMax, () => handle.query(failuresQuery))
  } catch {
    return []
  }
}

/** DEADLINE_EXCEEDED and UNAVAILABLE. */
const noAnswerCodes: ReadonlySet<number> = new Set([4, 14])

function isNoAnswer(thrown: unknown): boolean {
  if (!isTemporalError(thrown, 'ServiceError')) return false
  const { code } = (thrown.cause ?? {}) as { code?: unknown }
  return typeof code === 'number' && noAnswerCodes.has(code)
}

/** What has to happen before a workflow can answer, as the error of its query says. */
function missingOf(thrown: unknown): string | undefined {
  if (messageOf(thrown).includes('DRYDOCK_CODEC_KEYS_FILE')) return 'the keys of the workers in DRYDOCK_CODEC_KEYS_FILE'
  if (isTemporalError(thrown, 'WorkflowNotFoundError')) return 'a worker to see the Restore and start its workflow'
  return isTemporalError(thrown, 'QueryNotRegisteredError') ? 'the workflow to begin' : undefined
}

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]

/** The first attempts to try again are usual; from this attempt on it is worth telling. */
const attemptsToTell = 3

/**
 * What the running activities of a workflow wait for: as a heartbeat tells it, or the failure after which an activity is
 * tried again. Undefined where neither is so.
 */
function pendingWait(pending: readonly PendingActivity[]): string | undefined {
  const [wait] = pending.map(waitOf).filter((found) => found !== undefined)
  if (wait !== undefined) return oneLine(wait)
  const failing = pending.find(({ attempt, lastFailure }) => (attempt ?? 0) >= attemptsToTell && lastFailure?.message)
  if (failing === undefined) return undefined
  const name = failing.activityType?.name ?? 'an activity'
  return oneLine(`attempt ${failing.attempt ?? 0} of ${name}, after: ${failing.lastFailure?.message ?? ''}`)
}

/** The `waitingFor` of the last heartbeat. */
function waitOf({ heartbeatDetails }: PendingActivity): string | undefined {
  const data = heartbeatDetails?.payloads?.[0]?.data
  if (data === undefined || data === null) return undefined
  try {
    const beat = JSON.parse(Buffer.from(data).toString('utf8')) as { waitingFor?: unknown } | null
    return typeof beat?.waitingFor === 'string' ? beat.waitingFor : undefined
  } catch {
    // The workers encrypt it with a codec that the client does not have.
    return undefined
  }
}
