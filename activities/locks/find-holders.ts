import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'
import type { LockRequest, Locks } from '../../core/locks/decide-grants.ts'
import { judgeHold } from '../../core/locks/judge-hold.ts'
import { undoStateOf } from '../../core/undo/undo-state.ts'
import type { HoldVerdict, ObservedHold } from '../../core/locks/judge-hold.ts'
import type { Hold } from '../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import { undoWorkflowIdOf } from '../../contract/undo-restore.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'
import { inFlight } from '../frame/in-flight.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Clock, Ports } from '../ports.ts'
import { locationNameOf } from '../frame/locations.ts'
import type { WorkerParts } from '../frame/session.ts'
import { lockRequestOf } from './request-locks.ts'

/** How a restore is asked what it holds. */
export interface FindHoldersInput {
  /** The query of a restore's workflow that answers with its {@link Hold}. */
  query: string
}

/** How long an answer may take: a worker that is not stuck answers within milliseconds. */
const answerMs = 5000
const askedAtOnce = 10

/**
 * Finds the restores that hold their target namespaces or wait for them, by asking the workflow of each restore in
 * progress: the workflow of the locks may have been terminated, and its knowledge with it (rule 9). A restore that does
 * not answer, or was terminated a moment ago, is presumed to hold. A failure with one of them hides none of the others.
 */
export function findHolders(parts: WorkerParts) {
  const { cluster, presence } = parts.ports
  return ({ query }: FindHoldersInput): Promise<Locks> =>
    runActivity(presence, { doing: 'asking restores which namespaces they hold' }, async () => {
      const namespace = parts.settings.veleroNamespace
      const listed = await cluster.list({ group: 'velero.io', version: 'v1', resource: 'restores' }, { namespace })
      const restores = (listed as unknown as Restore[]).filter(mayHold)
      const seen = await inFlight(restores, askedAtOnce, (restore) => findHold(restore, query, parts))
      const of = (where: 'holders' | 'waiting') => seen.flatMap((one) => (one?.where === where ? [one.request] : []))
      return { holders: of('holders'), waiting: of('waiting') }
    })
}

/** Whether it may hold namespaces: it releases them before its next phase, and its undo at the end. */
function mayHold(restore: Restore): boolean {
  const { metadata, status = {} } = restore
  const claimed = metadata.annotations?.[claimedAnnotation] !== undefined
  return claimed && (status.phase === 'InProgress' || isSweptByVelero(status) || isUndoing(restore))
}

function isUndoing(restore: Restore): boolean {
  return undoStateOf(restore)?.state === 'begun'
}

interface Found {
  where: keyof Locks
  request: LockRequest
}

async function findHold(restore: Restore, query: string, parts: WorkerParts): Promise<Found | undefined> {
  const { name, uid = '' } = restore.metadata
  const ref = { namespace: parts.settings.veleroNamespace, name, uid }
  const workflowId = isUndoing(restore) ? undoWorkflowIdOf(ref) : workflowIdOf(ref)
  const nowMs = parts.ports.clock.now().getTime()
  const seen = await queryHold(workflowId, query, nowMs)
  if (seen === undefined) return undefined
  const verdict = judgeHold(seen.hold)
  if (verdict.as === 'nothing') return undefined
  const run = { workflowId, runId: seen.runId }
  // A restore without a plan has written nothing, unless it says that it holds or does not answer.
  const mayHaveWritten = verdict.as === 'holder' || (verdict.as === 'presumed' && verdict.forMs === undefined)
  const request =
    (await inTime(plannedBy(restore, run, parts), parts.ports.clock)) ??
    (mayHaveWritten ? everythingFor(restore, run) : undefined)
  if (request === undefined) return undefined
  return verdict.as === 'waiting'
    ? { where: 'waiting', request }
    : { where: 'holders', request: { ...request, ...presumption(verdict, nowMs) } }
}

function presumption(verdict: HoldVerdict, nowMs: number): Pick<LockRequest, 'presumed'> {
  if (verdict.as !== 'presumed') return {}
  return { presumed: verdict.forMs === undefined ? {} : { untilMs: nowMs + verdict.forMs } }
}

/** How long reading a plan may take: until then nothing is granted to any restore, and one bucket may hang. */
const planMs = 15_000

/** Undefined where it takes longer. */
async function inTime<T>(work: Promise<T>, clock: Clock): Promise<T | undefined> {
  const enough = new AbortController()
  const late = clock.sleep(planMs, enough.signal).then(() => undefined)
  late.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    enough.abort()
  }
}

type Run = Pick<LockRequest, 'workflowId' | 'runId'>

async function plannedBy(restore: Restore, run: Run, parts: WorkerParts): Promise<LockRequest | undefined> {
  const { cluster, log } = parts.ports
  const { name, uid = '' } = restore.metadata
  try {
    const location = await locationNameOf(cluster, restore)
    if ('missing' in location) return undefined
    const ref = { namespace: parts.settings.veleroNamespace, name, uid, cluster: cluster.id, location: location.name }
    return await lockRequestOf(parts.sessions, ref, run)
  } catch (thrown) {
    log.info(`the namespaces of a restore in progress are not known: ${String(thrown)}`, { restore: name })
    return undefined
  }
}

function everythingFor({ metadata }: Restore, run: Run): LockRequest {
  const { namespace = '', name, uid = '', creationTimestamp } = metadata
  return { ...run, restore: `${namespace}/${name}`, createdAt: creationTimestamp ?? '', uid, namespaces: ['*'] }
}

/** Asks the workflow of the restore; undefined where Temporal knows none. */
async function queryHold(
  workflowId: string,
  query: string,
  nowMs: number,
): Promise<{ runId: string; hold: ObservedHold } | undefined> {
  const { client } = Context.current()
  const handle = client.workflow.getHandle(workflowId)
  const inTime = <T>(work: () => Promise<T>) => client.withDeadline(Date.now() + answerMs, work)
  try {
    const { runId, startTime, closeTime, status } = await inTime(() => handle.describe())
    if (closeTime !== undefined)
      return { runId, hold: { seen: 'closed', byForce: isByForce(status), sinceMs: nowMs - closeTime.getTime() } }
    const word = await inTime(() => handle.query<Hold>(query)).catch(() => undefined)
    if (word === undefined) return { runId, hold: { seen: 'no answer' } }
    return { runId: word.runId, hold: { seen: 'answer', state: word.state, ageMs: nowMs - startTime.getTime() } }
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return undefined
    throw thrown
  }
}

/** Finds those of these workflows that do not run any more: what they hold is released. */
export function findClosed({ clock, presence }: Pick<Ports, 'clock' | 'presence'>) {
  return ({ workflowIds }: { workflowIds: readonly string[] }): Promise<string[]> =>
    runActivity(presence, { doing: 'looking for restores that have closed' }, async () => {
      const { client } = Context.current()
      const closed: string[] = []
      for (const workflowId of workflowIds) {
        try {
          const { status, closeTime } = await client.workflow.getHandle(workflowId).describe()
          const sinceMs = clock.now().getTime() - (closeTime?.getTime() ?? 0)
          const holdsNothing = judgeHold({ seen: 'closed', byForce: isByForce(status), sinceMs }).as === 'nothing'
          if (closeTime !== undefined && holdsNothing) closed.push(workflowId)
        } catch (thrown) {
          if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
          closed.push(workflowId)
        }
      }
      return closed
    })
}

/** Whether a workflow was ended from outside, so that it could not end its own work. */
function isByForce({ name }: { name: string }): boolean {
  return name === 'TERMINATED' || name === 'TIMED_OUT'
}
