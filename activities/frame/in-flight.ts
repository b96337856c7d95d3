/**
 * Works on values, at most `max` at once, and returns what they came to in their order. After the first failure nothing begins. It
 * throws that failure only once all that runs has ended: what went on would write after its attempt is over (rule 7).
 */
export async function inFlight<T, R>(values: readonly T[], max: number, work: (value: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  const waiting = values.entries()
  let failure: { thrown: unknown } | undefined
  const lane = async () => {
    for (const [index, value] of waiting) {
      if (failure !== undefined) return
      try {
        done[index] = await work(value)
      } catch (thrown) {
        failure ??= { thrown }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(max, values.length) }, lane))
  if (failure !== undefined) throw (failure as { thrown: unknown }).thrown
  return done
}
