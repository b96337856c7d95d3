import { CancellationScope } from '@temporalio/workflow'
import { LockDesk } from './lock-desk.ts'
import type { CarriedLocks } from './lock-desk.ts'

/**
 * Says which restores may write into which namespaces of a cluster (rule 9): a restore asks by signal for all of its
 * namespaces, is told by signal whether it has them or what it waits for, and gives them back by signal. What a
 * workflow holds that has closed is dropped. It runs while anybody holds or waits, and cannot be cancelled: nobody
 * would know then who writes where.
 */
export async function namespaceLocks(carried?: CarriedLocks): Promise<void> {
  const desk = new LockDesk(carried)
  await CancellationScope.nonCancellable(() => desk.run())
}
