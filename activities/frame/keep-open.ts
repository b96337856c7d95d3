import { LRUCache } from 'lru-cache'

/** Resources that are expensive to open: each is opened once for all its users, and kept open for some time after. */
export interface KeptOpen<T> {
  /**
   * Runs `work` with the resource of that key. The resource stays open until the last of its users has left. Rejects
   * with the signal's reason when this user gives up before the resource is open; once nobody waits for it, the signal
   * that `open` got aborts.
   */
  use<R>(key: string, user: User<T>, work: (resource: T) => Promise<R>): Promise<R>
  /** The resource of that key where it is open now; it may be closed at any time. */
  ifOpen(key: string): Promise<T> | undefined
  /** Keeps a resource no longer: it is closed when its last user leaves, and the next user opens it anew. */
  forget(key: string): void
}

/** Somebody who needs a resource. */
export interface User<T> {
  open: (signal: AbortSignal) => Promise<T>
  signal: AbortSignal
}

interface Kept<T> {
  opening: Promise<T>
  isOpen: boolean
  users: number
  /** False once it is too old, pushed out by others or forgotten. */
  isKept: boolean
  /** Stops the opening. */
  stop: AbortController
}

/** Keeps at most `max` resources, and those without a user for at most `idleMs`. One in use is never closed. */
export function keepOpen<T>(options: {
  max: number
  idleMs: number
  close: (resource: T) => Promise<void>
}): KeptOpen<T> {
  const kept = new LRUCache<string, Kept<T>>({
    max: options.max,
    ttl: options.idleMs,
    ttlAutopurge: true,
    updateAgeOnGet: true,
    // Looked up at each call: tests put another clock in its place.
    perf: { now: () => performance.now() },
    dispose(one) {
      one.isKept = false
      closeIfUnused(one, options.close)
    },
  })

  function drop(key: string, one: Kept<T>): void {
    if (kept.peek(key) === one) kept.delete(key)
  }

  function begin(key: string, open: User<T>['open']): Kept<T> {
    const stop = new AbortController()
    const one: Kept<T> = { opening: open(stop.signal), isOpen: false, users: 0, isKept: true, stop }
    kept.set(key, one)
    one.opening.then(
      () => (one.isOpen = true),
      () => drop(key, one),
    )
    return one
  }

  function leave(key: string, one: Kept<T>): void {
    one.users--
    // Its age counts from the moment when the last user has left.
    if (one.isKept) kept.get(key)
    if (one.users === 0 && !one.isOpen) {
      drop(key, one)
      one.stop.abort()
    }
    closeIfUnused(one, options.close)
  }

  return {
    async use(key, { open, signal }, work) {
      const one = kept.get(key) ?? begin(key, open)
      one.users++
      try {
        return await work(await unlessAborted(one.opening, signal))
      } finally {
        leave(key, one)
      }
    },
    ifOpen: (key) => openOne(kept.peek(key)),
    forget: (key) => void kept.delete(key),
  }
}

function openOne<T>(one: Kept<T> | undefined): Promise<T> | undefined {
  return one?.isOpen === true ? one.opening : undefined
}

function closeIfUnused<T>(one: Kept<T>, close: (resource: T) => Promise<void>): void {
  if (one.isKept || one.users > 0) return
  one.opening.then(close).catch(() => undefined)
}

/** The value of a promise, unless the signal aborts first. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const stop = (): void => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
