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
import { runOf } from '../../core/request/decide-retry.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import { asRestore } from '../../velero/restore.ts'
import type { Restore } from '../../velero/restore.ts'
import { inFlight } from '../frame/in-flight.ts'
import { askTemporal } from '../frame/activity-context.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Clock, Ports } from '../ports.ts'
import { locationNameOf } from '../frame/locations.ts'
import type { WorkerParts } from '../frame/session.ts'
import { plannedRequestOf } from './request-locks.ts'

/** How a restore is asked what it holds. */
export interface FindHoldersInput {
  /** The query of a restore's workflow that answers with its {@link Hold}. */
  query: string
  /** Only the restores of these workflows are asked; absent for all. */
  workflowIds?: readonly string[]
}

/** How long an answer may take: a worker that is not stuck answers within milliseconds. */
const answerMs = 5000
const askedAtOnce = 10

/** How long reading a plan may take: its bucket may hang. */
const planMs = 15_000

/** How long all answers and plans may take: at first nothing is granted to any restore until then. */
const allMs = 45_000

/**
 * Finds the restores that hold their target namespaces or wait for them, by asking the workflow of each restore in
 * progress: the workflow of the locks may have been terminated, and its knowledge with it (rule 9). A restore that does
 * not answer, or was terminated a moment ago, is presumed to hold. One whose plan cannot be read in time is assumed to hold all
 * namespaces. A failure with one of them hides none of the others.
 */
export function findHolders(parts: WorkerParts) {
  const { cluster, presence, clock } = parts.ports
  return ({ query, workflowIds }: FindHoldersInput): Promise<Locks> =>
    runActivity(presence, { doing: 'asking restores which namespaces they hold' }, async () => {
      const untilMs = clock.now().getTime() + allMs
      const leftMs = () => Math.max(0, untilMs - clock.now().getTime())
      const namespace = parts.settings.veleroNamespace
      const listed = await cluster.list({ group: 'velero.io', version: 'v1', resource: 'restores' }, { namespace })
      const restores = listed
        .map(asRestore)
        .filter((one) => mayHold(one) && workflowIds?.includes(workflowOf(one)) !== false)
      const plans = createPlanReader(parts, leftMs)
      const look = { query, leftMs, plannedBy: plans, nowMs: () => clock.now().getTime() }
      const seen = await inFlight(restores, askedAtOnce, (restore) => findHold(restore, look))
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

function workflowOf(restore: Restore): string {
  const { namespace = '', name, uid = '' } = restore.metadata
  return (isUndoing(restore) ? undoWorkflowIdOf : workflowIdOf)({ namespace, name, uid })
}

/** What one look at the restores shares. */
interface HoldersLook {
  query: string
  leftMs: () => number
  plannedBy: PlanReader
  nowMs: () => number
}

async function findHold(restore: Restore, look: HoldersLook): Promise<Found | undefined> {
  const workflowId = workflowOf(restore)
  const seen = await queryHold(workflowId, look)
  if (seen === undefined) return undefined
  const verdict = judgeHold(seen.hold)
  if (verdict.as === 'nothing') return undefined
  const run = { workflowId, runId: seen.runId }
  const planned = await look.plannedBy(restore, run)
  if (verdict.as === 'waiting') return typeof planned === 'string' ? undefined : { where: 'waiting', request: planned }
  // A restore without a plan has written nothing, unless it says that it holds or does not answer.
  if (planned === 'no plan' && verdict.as === 'presumed' && verdict.forMs !== undefined) return undefined
  const request = typeof planned === 'string' ? everythingFor(restore, run) : planned
  return { where: 'holders', request: { ...request, ...presumption(verdict, look.nowMs()) } }
}

function presumption(verdict: HoldVerdict, nowMs: number): Pick<LockRequest, 'presumed'> {
  if (verdict.as !== 'presumed') return {}
  return { presumed: verdict.forMs === undefined ? {} : { untilMs: nowMs + verdict.forMs } }
}

/** Undefined where it takes longer. */
async function inTime<T>(work: Promise<T>, ms: number, clock: Clock): Promise<T | undefined> {
  const enough = new AbortController()
  const late = clock.sleep(ms, enough.signal).then(() => undefined)
  late.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    enough.abort()
  }
}

type Run = Pick<LockRequest, 'workflowId' | 'runId'>

/** Reads what a restore asks for by its plan: that it has none yet, and that nobody can say, are different things. */
type PlanReader = (restore: Restore, run: Run) => Promise<LockRequest | 'no plan' | 'unknown'>

/** A location that has been late once is not waited for again: many restores may be of one that hangs. */
function createPlanReader({ ports, sessions, settings }: WorkerParts, leftMs: () => number): PlanReader {
  const { cluster, clock, log } = ports
  const late = new Set<string>()
  return async (restore, asking) => {
    const { name, uid = '' } = restore.metadata
    const note = (why: string) =>
      log.info(`the namespaces of a restore in progress are not known: ${why}`, { restore: name })
    try {
      const location = await locationNameOf(cluster, restore)
      if ('missing' in location) return 'unknown'
      const ms = Math.min(planMs, leftMs())
      if (late.has(location.name) || ms === 0) return 'unknown'
      const run = runOf(restore)
      const first = { namespace: settings.veleroNamespace, name, uid, cluster: cluster.id, location: location.name }
      const ref = { ...first, ...(run === 1 ? {} : { run }) }
      const reading = plannedRequestOf(sessions, ref, asking).then((request) => request ?? ('no plan' as const))
      reading.catch(() => undefined)
      const planned = await inTime(reading, ms, clock)
      if (planned !== undefined) return planned
      late.add(location.name)
      // The next look opens the bucket anew.
      sessions.forget(uid)
      note(`location ${location.name} does not answer`)
      return 'unknown'
    } catch (thrown) {
      note(String(thrown))
      return 'unknown'
    }
  }
}

function everythingFor({ metadata }: Restore, run: Run): LockRequest {
  const { namespace = '', name, uid = '', creationTimestamp } = metadata
  const restore = `${namespace}/${name}`
  return { ...run, restore, createdAt: creationTimestamp ?? '', uid, namespaces: ['*'], assumed: true }
}

/** Asks the workflow of the restore; undefined where Temporal knows none. */
async function queryHold(
  workflowId: string,
  { query, leftMs, nowMs }: HoldersLook,
): Promise<{ runId: string; hold: ObservedHold } | undefined> {
  const { client } = Context.current()
  const handle = client.workflow.getHandle(workflowId)
  const within = <T>(ms: number, work: () => Promise<T>) => client.withDeadline(Date.now() + ms, work)
  try {
    const { runId, startTime, closeTime, status } = await within(answerMs, () => handle.describe())
    if (closeTime !== undefined)
      return { runId, hold: { seen: 'closed', byForce: isByForce(status), sinceMs: nowMs() - closeTime.getTime() } }
    const queryMs = Math.min(answerMs, leftMs())
    const word =
      queryMs === 0 ? undefined : await within(queryMs, () => handle.query<Hold>(query)).catch(() => undefined)
    if (word === undefined) return { runId, hold: { seen: 'no answer' } }
    return { runId: word.runId, hold: { seen: 'answer', state: word.state, ageMs: nowMs() - startTime.getTime() } }
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
      await inFlight(workflowIds, askedAtOnce, async (workflowId) => {
        try {
          const { status, closeTime } = await askTemporal(() => client.workflow.getHandle(workflowId).describe())
          const sinceMs = clock.now().getTime() - (closeTime?.getTime() ?? 0)
          const holdsNothing = judgeHold({ seen: 'closed', byForce: isByForce(status), sinceMs }).as === 'nothing'
          if (closeTime !== undefined && holdsNothing) closed.push(workflowId)
        } catch (thrown) {
          if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
          closed.push(workflowId)
        }
      })
      return closed
    })
}

/** Whether a workflow was ended from outside, so that it could not end its own work. */
function isByForce({ name }: { name: string }): boolean {
  return name === 'TERMINATED' || name === 'TIMED_OUT'
}
