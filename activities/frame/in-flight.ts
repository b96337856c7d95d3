/**
 * Works on values, at most `max` at once, and returns what they came to in their order. After the first failure nothing begins. It
 * throws only once all that runs has ended: what went on would write after its attempt is over (rule 7). Of several failures
 * it throws that of the earliest value: the same trouble is told in the same words each time.
 */
export async function inFlight<T, R>(values: readonly T[], max: number, work: (value: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  const waiting = values.entries()
  const failures = new Map<number, unknown>()
  const lane = async () => {
    for (const [index, value] of waiting) {
      if (failures.size > 0) return
      try {
        done[index] = await work(value)
      } catch (thrown) {
        failures.set(index, thrown)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(max, values.length) }, lane))
  if (failures.size > 0) throw failures.get(Math.min(...failures.keys()))
  return done
}
