/** Whether a restore with these disturbances still fails. */
export type Fails<Disturbance> = (disturbances: readonly Disturbance[]) => Promise<boolean>

/**
 * Leaves out disturbances as long as the restore fails without them, halves first, then one by one: what is left is needed,
 * each of it.
 */
export async function shrink<Disturbance>(
  all: readonly Disturbance[],
  fails: Fails<Disturbance>,
): Promise<readonly Disturbance[]> {
  let kept = all
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < kept.length;) {
      const fewer = kept.filter((_, at) => at < from || at >= from + size)
      if (await fails(fewer)) kept = fewer
      else from += size
    }
  }
  return kept
}
