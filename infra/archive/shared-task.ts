/** Who wants the result of a shared task: each may give up alone. */
export interface Waiter {
  signal: AbortSignal | undefined
  onProgress: ((bytes: number) => void) | undefined
}

export interface SharedTask<T> {
  /** Rejects with the signal's reason as soon as this waiter gives up. */
  join(waiter: Waiter): Promise<T>
  /** Everybody has given up: the work is being stopped. */
  isAbandoned(): boolean
}

/**
 * Runs work once for all who wait for it. Each second every waiter hears how far it is, also while nothing moves;
 * once the last one has given up the work is stopped.
 */
export function shareTask<T>(
  work: (control: { signal: AbortSignal; report: (bytes: number) => void }) => Promise<T>,
): SharedTask<T> {
  const control = new AbortController()
  const waiters = new Set<Waiter>()
  let bytes = 0
  const timer = setInterval(() => waiters.forEach(({ onProgress }) => onProgress?.(bytes)), 1000)
  const result = work({ signal: control.signal, report: (count) => (bytes = count) })
  result.catch(() => {}).finally(() => clearInterval(timer))
  const leave = (waiter: Waiter): void => {
    waiters.delete(waiter)
    if (waiters.size === 0) control.abort()
  }
  return {
    isAbandoned: () => control.signal.aborted,
    join: async (waiter) => {
      waiter.signal?.throwIfAborted()
      waiters.add(waiter)
      const given = giveUp(waiter.signal)
      try {
        return await Promise.race([result, given.promise])
      } finally {
        given.forget()
        leave(waiter)
      }
    },
  }
}

function giveUp(signal: AbortSignal | undefined): { promise: Promise<never>; forget: () => void } {
  if (signal === undefined) return { promise: new Promise<never>(() => {}), forget: () => {} }
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {})
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  return { promise, forget: () => signal.removeEventListener('abort', onAbort) }
}
