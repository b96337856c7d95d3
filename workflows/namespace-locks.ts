import { CancellationScope, condition, continueAsNew, getExternalWorkflowHandle, log } from '@temporalio/workflow'
import { patched, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow'
import {
  areNames,
  dropPresumed,
  grantLocks,
  inheritLocks,
  isLockRequest,
  releaseLocks,
  requestLocks,
} from '../core/locks/change-locks.ts'
import { assumedHolders, narrowLocks } from '../core/locks/assumed-holders.ts'
import { decideGrants } from '../core/locks/decide-grants.ts'
import type { Blocked, LockRequest, Locks } from '../core/locks/decide-grants.ts'
import { blockedWider, dropWishes, grantWider, wantWider } from '../core/locks/wider-locks.ts'
import type { LockRun } from '../core/locks/wider-locks.ts'
import { optional, reasonOf, steps } from './activity-calls.ts'
import {
  holdQuery,
  locksQuery,
  locksSignal,
  releaseLocksSignal,
  requestLocksSignal,
  widenLocksSignal,
  withdrawLocksSignal,
} from '../contract/lock-workflow.ts'

/** What is carried over when a history is continued as new. */
export interface CarriedLocks {
  locks: Locks
  restoresMax: number
}

/**
 * Says which restores may write into which namespaces of a cluster (rule 9). A restore asks by signal for all of its
 * namespaces, is told by signal whether it has them or what it waits for, and gives them back by signal. The locks of
 * a workflow that has closed are dropped. The workflow runs while any restore holds namespaces or waits for some. It
 * cannot be cancelled: then nobody would know which restore writes where.
 */
export async function namespaceLocks(carried?: CarriedLocks): Promise<void> {
  const run = new LocksRun(carried)
  await CancellationScope.nonCancellable(() => run.serve())
}

/** How often to check for holders that closed without releasing: often while other restores wait. */
const lookMs = { waiting: 10_000, idle: 600_000 } as const

/** A restore that waits is told at most so often what it waits for: each grant moves a long queue. */
const tellEveryMs = 30_000

/** One run of the workflow: what it knows, and what it tells restores. */
class LocksRun {
  private locks: Locks
  private restoresMax: number
  private changed = true
  private nextLookMs = 0
  private readonly fresh: boolean
  /** Runs that released their locks while restores were being asked what they hold. */
  private released: { workflowId: string; runId: string }[] | undefined
  /** Holders are being asked again of which nobody could say what they hold. */
  private isNarrowing = false
  /** Holders that asked again: they are told again that they hold. */
  private readonly confirm: LockRequest[] = []
  /** Requests that had no place in the queue. */
  private readonly overfull: LockRequest[] = []
  /** What each waiting restore was told last. */
  private readonly told = new Map<string, { behind: string; atMs: number }>()

  constructor(carried: CarriedLocks | undefined) {
    this.fresh = carried === undefined
    this.locks = carried?.locks ?? { holders: [], waiting: [] }
    this.restoresMax = carried?.restoresMax ?? Infinity
    setHandler(locksQuery, () => this.locks, { description: 'Who holds namespaces, and who waits' })
    setHandler(requestLocksSignal, (signal) => {
      if (isLockRequest(signal?.request)) this.request(signal.request, signal.restoresMax)
    })
    setHandler(widenLocksSignal, (signal) => {
      // A worker of an earlier version has left such a signal unheard: who sent it sends it again.
      if (patched('wider-locks') && isRun(signal?.run) && areNames(signal.namespaces)) {
        this.locks = wantWider(this.locks, signal.run, signal.namespaces)
        this.changed = true
      }
    })
    setHandler(withdrawLocksSignal, (signal) => {
      if (patched('wider-locks') && isRun(signal?.run) && areNames(signal.namespaces)) {
        this.locks = dropWishes(this.locks, signal.run, signal.namespaces)
        this.changed = true
      }
    })
    setHandler(releaseLocksSignal, (run) => {
      // People can send this signal by hand, with anything in it.
      if (isRun(run)) this.release(run)
      this.changed = true
    })
  }

  /** Runs while any restore holds namespaces or waits for some. */
  async serve(): Promise<void> {
    if (this.fresh && patched('holders-found')) await this.findHolders()
    for (;;) {
      this.changed = false
      await this.settle()
      if (this.changed) continue
      if (this.locks.holders.length + this.locks.waiting.length === 0) return
      const isWaitedFor = this.locks.waiting.length > 0 || this.locks.holders.some(({ wants }) => wants !== undefined)
      const everyMs = isWaitedFor ? lookMs.waiting : lookMs.idle
      this.nextLookMs = Math.min(this.nextLookMs || Infinity, Date.now() + everyMs)
      await condition(() => this.changed, Math.max(1, this.nextLookMs - Date.now()))
      if (Date.now() < this.nextLookMs) continue
      this.nextLookMs = 0
      await this.dropClosed()
      const assumed = assumedHolders(this.locks)
      if (assumed.length > 0 && !this.isNarrowing && patched('assumed-holders')) void this.narrow(assumed)
    }
  }

  /** Asks assumed holders again what they hold: their buckets may answer now. Others are served meanwhile. Never rejects. */
  private async narrow(workflowIds: readonly string[]): Promise<void> {
    this.isNarrowing = true
    try {
      const found = await optional.findHolders.executeWithOptions({ summary: 'ask again what restores hold' }, [
        { query: holdQuery.name, workflowIds },
      ])
      this.locks = narrowLocks(this.locks, workflowIds, found)
      this.changed = true
    } catch (thrown) {
      log.warn('could not ask again what restores hold', { reason: reasonOf(thrown) })
    }
    this.isNarrowing = false
  }

  private request(request: LockRequest, restoresMax: number): void {
    this.restoresMax = restoresMax
    const { locks, refused } = requestLocks(this.locks, request)
    this.locks = locks
    this.told.delete(request.workflowId)
    if (locks.holders.some((one) => one.runId === request.runId && one.workflowId === request.workflowId))
      this.confirm.push(request)
    if (refused !== undefined) this.overfull.push(refused)
    this.changed = true
  }

  private release(run: { workflowId: string; runId: string }): void {
    this.locks = releaseLocks(this.locks, run)
    this.released?.push(run)
  }

  /**
   * An earlier workflow of the locks may have been terminated while restores held some: all running restores are asked
   * what they hold before anything is granted.
   */
  private async findHolders(): Promise<void> {
    this.released = []
    try {
      const found = await steps.findHolders.executeWithOptions({ summary: 'ask running restores what they hold' }, [
        { query: holdQuery.name },
      ])
      const { locks, confirm } = inheritLocks(this.locks, found)
      this.locks = locks
      this.confirm.push(...confirm)
    } catch (thrown) {
      log.warn('could not ask running restores what they hold', { reason: reasonOf(thrown) })
    }
    for (const run of this.released) this.locks = releaseLocks(this.locks, run)
    this.released = undefined
  }

  /** Grants what can be granted and tells the restores concerned. Signals that arrive meanwhile are for the next round. */
  private async settle(): Promise<void> {
    await Promise.all(this.confirm.splice(0).map((request) => this.tell(request)))
    await Promise.all(
      this.overfull.splice(0).map((request) => this.tell(request, 'a place in the queue: too many restores wait')),
    )
    this.locks = grantWider(dropPresumed(this.locks, Date.now()))
    const { granted, blocked } = decideGrants(this.locks, this.restoresMax)
    this.locks = grantLocks(this.locks, granted)
    await Promise.all(granted.map((request) => this.grant(request)))
    setCurrentDetails(describeLocks([...blocked, ...blockedWider(this.locks)], this.locks))
    if (workflowInfo().continueAsNewSuggested && this.confirm.length === 0)
      await continueAsNew({ locks: this.locks, restoresMax: this.restoresMax } satisfies CarriedLocks)
    const now = Date.now()
    const news = blocked.filter(({ request, behind }) => {
      const last = this.told.get(request.workflowId)
      return last === undefined || (last.behind !== behind && now - last.atMs >= tellEveryMs)
    })
    for (const { request, behind } of news) this.told.set(request.workflowId, { behind, atMs: now })
    await Promise.all(news.map(({ request, behind }) => this.tell(request, behind)))
  }

  private async grant(request: LockRequest): Promise<void> {
    this.told.delete(request.workflowId)
    if (await this.tell(request)) return
    log.info('a restore has closed before its turn', { workflowId: request.workflowId })
    this.locks = releaseLocks(this.locks, request)
    this.changed = true
  }

  /** Sends the answer to the restore's current run; false where none runs. */
  private async tell({ workflowId, runId }: LockRequest, behind?: string): Promise<boolean> {
    try {
      const answer = behind === undefined ? { runId } : { runId, behind }
      await getExternalWorkflowHandle(workflowId).signal(locksSignal, answer)
      return true
    } catch {
      return false
    }
  }

  private async dropClosed(): Promise<void> {
    const { holders, waiting } = this.locks
    const runs = [...holders, ...waiting]
    const workflowIds = [...new Set(runs.map(({ workflowId }) => workflowId))]
    try {
      const closed = await optional.findClosed.executeWithOptions({ summary: 'look for restores that have closed' }, [
        { workflowIds },
      ])
      for (const run of runs) if (closed.includes(run.workflowId)) this.locks = releaseLocks(this.locks, run)
    } catch (thrown) {
      log.warn('could not look for restores that have closed', { reason: reasonOf(thrown) })
    }
  }
}

/** Whether a value names a run. */
function isRun(value: unknown): value is LockRun {
  const { workflowId, runId } = (value ?? {}) as Record<string, unknown>
  return typeof workflowId === 'string' && typeof runId === 'string'
}

/** Rows that are shown; details are limited to 20,000 bytes. */
const rowsMax = 50

/** The locks in the Web UI, as Markdown: who holds which namespaces, and who waits for whom. */
function describeLocks(blocked: readonly Blocked[], { holders }: Pick<Locks, 'holders'>): string {
  const held = holders.slice(0, rowsMax).map(({ restore, namespaces }) => `| ${restore} | ${names(namespaces)} |`)
  const line = blocked.slice(0, rowsMax).map(({ request, behind }) => `| ${request.restore} | ${behind} |`)
  const more = Math.max(0, holders.length - rowsMax) + Math.max(0, blocked.length - rowsMax)
  return [
    [`| restores | into |`, '|---|---|', ...held].join('\n'),
    ...(line.length === 0 ? [] : [['| waits | for |', '|---|---|', ...line].join('\n')]),
    ...(more === 0 ? [] : [`… and ${more} more`]),
  ].join('\n\n')
}

function names(namespaces: readonly string[]): string {
  const shown = namespaces.slice(0, 5).join(', ')
  return namespaces.length > 5 ? `${shown} and ${namespaces.length - 5} more` : shown
}
