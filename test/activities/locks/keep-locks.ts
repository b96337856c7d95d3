import { locksWorkflowIdOf, locksWorkflowType } from '../../../contract/lock-workflow.ts'
import { widenLocksSignal, withdrawLocksSignal } from '../../../contract/lock-workflow.ts'
import type { WidenSignal } from '../../../contract/lock-workflow.ts'
import type { LockRequest, Locks } from '../../../core/locks/decide-grants.ts'
import { dropWishes, grantWider, wantWider } from '../../../core/locks/wider-locks.ts'
import type { World } from '../../ports/world.ts'
import { execution } from '../crash/run-attempts.ts'

/** What the restore of the activities holds. */
export const own: LockRequest = {
  ...execution,
  restore: 'velero/again',
  createdAt: '2026-01-01T00:00:00Z',
  uid: 'uid-again',
  namespaces: ['shop'],
}

/** Keeps the locks in place of their workflow, by its decisions; returns how to look at them, and how to change what others hold. */
export function keepLocks(world: World, ...others: readonly LockRequest[]) {
  const workflowId = locksWorkflowIdOf({ namespace: 'velero', cluster: world.cluster.connect().id })
  let locks: Locks = { holders: [own, ...others], waiting: [] }
  const answer = (next: Locks) => {
    locks = grantWider(next)
    const signals = world.temporal.look(workflowId)?.signals ?? []
    world.temporal.place({ type: locksWorkflowType, workflowId, signals, answers: { locks } })
  }
  world.temporal.onTold = ({ signals, workflowId: told }) => {
    const last = signals.at(-1)
    const change = { [widenLocksSignal.name]: wantWider, [withdrawLocksSignal.name]: dropWishes }[last?.name ?? '']
    if (told !== workflowId || last === undefined || change === undefined) return
    const [{ run, namespaces }] = last.args as [WidenSignal]
    answer(change(locks, run, namespaces))
  }
  answer(locks)
  return {
    now: () => locks,
    release: (other: LockRequest) =>
      answer({ ...locks, holders: locks.holders.filter(({ workflowId: id }) => id !== other.workflowId) }),
  }
}
