import { condition, continueAsNew, getExternalWorkflowHandle, log } from '@temporalio/workflow'
import { setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow'
import { grantLocks, releaseLocks, requestLocks } from '../core/locks/change-locks.ts'
import { decideGrants } from '../core/locks/decide-grants.ts'
import type { LockRequest, Locks } from '../core/locks/decide-grants.ts'
import { brief } from './activity-options.ts'
import { locksQuery, locksSignal, releaseLocksSignal, requestLocksSignal } from './contract.ts'
import { describeLocks } from './describe-locks.ts'

/** What the workflow carries over when its history is continued as new. */
export interface CarriedLocks {
  locks: Locks
  restoresMax: number
}

/** How soon a restore that has closed without a word is missed: soon where others wait. */
const lookEvery = { waiting: '10s', idle: '10m' } as const

/**
 * Says which restores may write into which namespaces of a cluster (rule 9): a restore asks by signal for all of its
 * namespaces, is told by signal whether it has them or what it waits for, and gives them back by signal. What a
 * workflow holds that has closed is dropped. It runs while anybody holds or waits.
 */
export async function namespaceLocks(carried?: CarriedLocks): Promise<void> {
  let locks = carried?.locks ?? { holders: [], waiting: [] }
  let restoresMax = carried?.restoresMax ?? Infinity
  let changed = true
  const toConfirm: LockRequest[] = []
  const told = new Map<string, string>()
  setHandler(locksQuery, () => locks, { description: 'Who holds namespaces, and who waits' })
  setHandler(requestLocksSignal, (signal) => {
    restoresMax = signal.restoresMax
    locks = requestLocks(locks, signal.request)
    told.delete(signal.request.workflowId)
    if (locks.holders.includes(signal.request)) toConfirm.push(signal.request)
    changed = true
  })
  setHandler(releaseLocksSignal, (run) => {
    locks = releaseLocks(locks, run)
    changed = true
  })
  const tell = async (request: LockRequest, behind?: string) => {
    const { workflowId, runId } = request
    const restore = getExternalWorkflowHandle(workflowId, runId)
    try {
      await restore.signal(locksSignal, behind === undefined ? { runId } : { runId, behind })
    } catch (thrown) {
      log.info('a restore has closed meanwhile: what it held is dropped', { workflowId, why: String(thrown) })
      locks = releaseLocks(locks, request)
      changed = true
    }
  }
  for (;;) {
    while (changed) {
      changed = false
      for (const request of toConfirm.splice(0)) await tell(request)
      const { granted, blocked } = decideGrants(locks, restoresMax)
      locks = grantLocks(locks, granted)
      for (const request of granted) await tell(request)
      for (const { request, behind } of blocked) {
        if (told.get(request.workflowId) === behind) continue
        told.set(request.workflowId, behind)
        await tell(request, behind)
      }
      setCurrentDetails(describeLocks(decideGrants(locks, restoresMax).blocked, locks))
    }
    if (locks.holders.length + locks.waiting.length === 0) return
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof namespaceLocks>({ locks, restoresMax })
    const news = await condition(() => changed, locks.waiting.length > 0 ? lookEvery.waiting : lookEvery.idle)
    if (!news) await dropClosed()
  }

  async function dropClosed(): Promise<void> {
    const all = [...locks.holders, ...locks.waiting]
    const workflowIds = [...new Set(all.map(({ workflowId }) => workflowId))]
    const closed = await brief.findClosed.executeWithOptions({ summary: 'look for restores that have closed' }, [
      { workflowIds },
    ])
    for (const run of all) if (closed.includes(run.workflowId)) locks = releaseLocks(locks, run)
    changed ||= closed.length > 0
  }
}
