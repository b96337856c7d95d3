import type { RestoreStatus } from '../../velero/restore.ts'

/** Velero's two numbers: items recorded so far, and an estimate of all. */
export interface Progress {
  totalItems: number
  itemsRestored: number
}

/** The progress to write over the live one, undefined where that would be no step forward (rule 8). */
export function advanceProgress(live: RestoreStatus['progress'], now: Progress): Progress | undefined {
  const before = live?.itemsRestored ?? 0
  if (now.itemsRestored < before) return undefined
  const totalItems = Math.max(now.totalItems, now.itemsRestored)
  if (now.itemsRestored === before && totalItems === (live?.totalItems ?? 0)) return undefined
  return { itemsRestored: now.itemsRestored, totalItems }
}
