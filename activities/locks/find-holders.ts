import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'
import pLimit from 'p-limit'
import type { LockRequest, Locks } from '../../core/locks/decide-grants.ts'
import { judgeHold } from '../../core/locks/judge-hold.ts'
import type { HoldVerdict, SeenHold } from '../../core/locks/judge-hold.ts'
import type { Hold } from '../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'
import { withAttempt } from '../frame/run-activity.ts'
import { asFailure } from '../frame/failures.ts'
import type { Ports } from '../ports.ts'
import { locationNameOf } from '../frame/locations.ts'
import type { Sessions } from '../frame/session.ts'
import type { Settings } from '../settings.ts'
import { isByForce } from './find-closed.ts'
import { lockRequestOf } from './lock-request-of.ts'

/** How a restore is asked what it holds. */
export interface FindHoldersInput {
  /** The query of a restore's workflow that answers with its {@link Hold}. */
  query: string
}

interface Desk {
  ports: Ports
  sessions: Sessions
  settings: Settings
}

/** A worker that is not stuck answers within milliseconds. */
const answerMs = 5000
const askedAtOnce = 10

/**
 * Finds the restores that hold their target namespaces or wait for them, by the word of each restore in progress:
 * whoever kept the locks before may have been terminated (rule 9). One that does not answer, or was ended by force a
 * moment ago, is presumed to hold. Trouble with one of them is no reason to know nothing of the others.
 */
export function findHolders(desk: Desk) {
  const { cluster, presence } = desk.ports
  return ({ query }: FindHoldersInput): Promise<Locks> =>
    withAttempt(presence.worker, async () => {
      try {
        const namespace = desk.settings.veleroNamespace
        const listed = await cluster.list({ group: 'velero.io', version: 'v1', resource: 'restores' }, { namespace })
        const limit = pLimit(askedAtOnce)
        const restores = (listed as unknown as Restore[]).filter(mayHold)
        const seen = await Promise.all(restores.map((restore) => limit(() => look(restore, query, desk))))
        const of = (where: 'holders' | 'waiting') => seen.flatMap((one) => (one?.where === where ? [one.request] : []))
        return { holders: of('holders'), waiting: of('waiting') }
      } catch (thrown) {
        throw asFailure(thrown, 'asking restores which namespaces they hold')
      }
    })
}

/** What is held is given back before the next phase. */
function mayHold({ metadata, status = {} }: Restore): boolean {
  const claimed = metadata.annotations?.[claimedAnnotation] !== undefined
  return claimed && (status.phase === 'InProgress' || isSweptByVelero(status))
}

interface Found {
  where: keyof Locks
  request: LockRequest
}

async function look(restore: Restore, query: string, desk: Desk): Promise<Found | undefined> {
  const { name, uid = '' } = restore.metadata
  const workflowId = workflowIdOf({ namespace: desk.settings.veleroNamespace, name, uid })
  const nowMs = desk.ports.clock.now().getTime()
  const seen = await ask(workflowId, query, nowMs)
  if (seen === undefined) return undefined
  const verdict = judgeHold(seen.hold)
  if (verdict.as === 'nothing') return undefined
  const run = { workflowId, runId: seen.runId }
  // One that has no plan yet has written nothing, unless it says so or says nothing at all.
  const mayHaveWritten = verdict.as === 'holder' || (verdict.as === 'presumed' && verdict.forMs === undefined)
  const request = (await plannedBy(restore, run, desk)) ?? (mayHaveWritten ? everythingFor(restore, run) : undefined)
  if (request === undefined) return undefined
  return verdict.as === 'waiting'
    ? { where: 'waiting', request }
    : { where: 'holders', request: { ...request, ...presumption(verdict, nowMs) } }
}

function presumption(verdict: HoldVerdict, nowMs: number): Pick<LockRequest, 'presumed'> {
  if (verdict.as !== 'presumed') return {}
  return { presumed: verdict.forMs === undefined ? {} : { untilMs: nowMs + verdict.forMs } }
}

type Run = Pick<LockRequest, 'workflowId' | 'runId'>

async function plannedBy(restore: Restore, run: Run, desk: Desk): Promise<LockRequest | undefined> {
  const { cluster, log } = desk.ports
  const { name, uid = '' } = restore.metadata
  try {
    const location = await locationNameOf(cluster, restore)
    if ('missing' in location) return undefined
    const ref = { namespace: desk.settings.veleroNamespace, name, uid, cluster: cluster.id, location: location.name }
    return await lockRequestOf(desk.sessions, ref, run)
  } catch (thrown) {
    log.info(`the namespaces of a restore in progress are not known: ${String(thrown)}`, { restore: name })
    return undefined
  }
}

function everythingFor({ metadata }: Restore, run: Run): LockRequest {
  const { namespace = '', name, uid = '', creationTimestamp } = metadata
  return { ...run, restore: `${namespace}/${name}`, createdAt: creationTimestamp ?? '', uid, namespaces: ['*'] }
}

/** Asks the restore itself; undefined where no workflow of it is known. */
async function ask(
  workflowId: string,
  query: string,
  nowMs: number,
): Promise<{ runId: string; hold: SeenHold } | undefined> {
  const { client } = Context.current()
  const handle = client.workflow.getHandle(workflowId)
  const inTime = <T>(work: () => Promise<T>) => client.withDeadline(Date.now() + answerMs, work)
  try {
    const { runId, startTime, closeTime, status } = await inTime(() => handle.describe())
    if (closeTime !== undefined)
      return { runId, hold: { seen: 'closed', byForce: isByForce(status), sinceMs: nowMs - closeTime.getTime() } }
    const word = await inTime(() => handle.query<Hold>(query)).catch(() => undefined)
    if (word === undefined) return { runId, hold: { seen: 'silence' } }
    return { runId: word.runId, hold: { seen: 'word', state: word.state, ageMs: nowMs - startTime.getTime() } }
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return undefined
    throw thrown
  }
}
