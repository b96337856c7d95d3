import { condition, continueAsNew, getExternalWorkflowHandle, log, patched } from '@temporalio/workflow'
import { setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow'
import {
  dropPresumed,
  grantLocks,
  inheritLocks,
  isLockRequest,
  releaseLocks,
  requestLocks,
} from '../core/locks/change-locks.ts'
import { decideGrants } from '../core/locks/decide-grants.ts'
import type { LockRequest, Locks } from '../core/locks/decide-grants.ts'
import { brief, quick } from './activity-options.ts'
import {
  holdQuery,
  locksQuery,
  locksSignal,
  releaseLocksSignal,
  requestLocksSignal,
} from '../contract/restore-contract.ts'
import { describeLocks } from './describe-locks.ts'
import { reasonOf } from './failure-reason.ts'

/** What is carried over when a history is continued as new. */
export interface CarriedLocks {
  locks: Locks
  restoresMax: number
}

/** How soon a holder that has closed without a word is missed: soon where others wait. */
const lookMs = { waiting: 10_000, idle: 600_000 } as const

/** One that waits hears of a change in front of it at most so often: a long line moves with each grant. */
const tellEveryMs = 30_000

/** The workflow of the locks: what it knows, and what it tells restores. */
export class LockDesk {
  private locks: Locks
  private restoresMax: number
  private changed = true
  private nextLookMs = 0
  private readonly fresh: boolean
  /** Those that gave back while it was being asked who holds. */
  private released: { workflowId: string; runId: string }[] | undefined
  private readonly confirm: LockRequest[] = []
  private readonly overfull: LockRequest[] = []
  private readonly told = new Map<string, { behind: string; atMs: number }>()

  constructor(carried: CarriedLocks | undefined) {
    this.fresh = carried === undefined
    this.locks = carried?.locks ?? { holders: [], waiting: [] }
    this.restoresMax = carried?.restoresMax ?? Infinity
    setHandler(locksQuery, () => this.locks, { description: 'Who holds namespaces, and who waits' })
    setHandler(requestLocksSignal, (signal) => {
      if (isLockRequest(signal?.request)) this.request(signal.request, signal.restoresMax)
    })
    setHandler(releaseLocksSignal, (run) => {
      if (run !== undefined) this.release(run)
      this.changed = true
    })
  }

  /** Runs while anybody holds or waits. */
  async run(): Promise<void> {
    if (this.fresh && patched('holders-found')) await this.findHolders()
    for (;;) {
      this.changed = false
      await this.settle()
      if (this.changed) continue
      if (this.locks.holders.length + this.locks.waiting.length === 0) return
      const everyMs = this.locks.waiting.length > 0 ? lookMs.waiting : lookMs.idle
      this.nextLookMs = Math.min(this.nextLookMs || Infinity, Date.now() + everyMs)
      await condition(() => this.changed, Math.max(1, this.nextLookMs - Date.now()))
      if (Date.now() < this.nextLookMs) continue
      this.nextLookMs = 0
      await this.dropClosed()
    }
  }

  private request(request: LockRequest, restoresMax: number): void {
    this.restoresMax = restoresMax
    const { locks, refused } = requestLocks(this.locks, request)
    this.locks = locks
    this.told.delete(request.workflowId)
    if (locks.holders.includes(request)) this.confirm.push(request)
    if (refused !== undefined) this.overfull.push(refused)
    this.changed = true
  }

  private release(run: { workflowId: string; runId: string }): void {
    this.locks = releaseLocks(this.locks, run)
    this.released?.push(run)
  }

  /** Whoever kept the locks before may have been terminated while restores held some: they are asked before anything is granted. */
  private async findHolders(): Promise<void> {
    this.released = []
    try {
      const found = await quick.findHolders.executeWithOptions({ summary: 'ask running restores what they hold' }, [
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

  /** Grants what can be granted and tells everybody whom it concerns; news that come in meanwhile are for the next round. */
  private async settle(): Promise<void> {
    await Promise.all(this.confirm.splice(0).map((request) => this.tell(request)))
    await Promise.all(
      this.overfull.splice(0).map((request) => this.tell(request, 'a place in the line: too many wait')),
    )
    this.locks = dropPresumed(this.locks, Date.now())
    const { granted, blocked } = decideGrants(this.locks, this.restoresMax)
    this.locks = grantLocks(this.locks, granted)
    await Promise.all(granted.map((request) => this.grant(request)))
    setCurrentDetails(describeLocks(blocked, this.locks))
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

  /** Tells a restore, whichever run of it is there; false where none is. */
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
    const { holders } = this.locks
    const workflowIds = holders.map(({ workflowId }) => workflowId)
    try {
      const closed = await brief.findClosed.executeWithOptions({ summary: 'look for restores that have closed' }, [
        { workflowIds },
      ])
      for (const run of holders) if (closed.includes(run.workflowId)) this.locks = releaseLocks(this.locks, run)
    } catch (thrown) {
      log.warn('could not look for restores that have closed', { reason: reasonOf(thrown) })
    }
  }
}
