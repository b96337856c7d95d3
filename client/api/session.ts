import type { Connections } from './connections.ts'
import { asClientError } from './errors.ts'
import type { CallOptions, ConnectionOptions, RestoreState } from './options.ts'

/**
 * Opens connections, uses them and closes them in any case. Rejects with the reason of the signal as soon as it comes, else with
 * a `ClientError`.
 */
export async function withConnections<T>(
  options: CallOptions,
  open: (options: ConnectionOptions) => Promise<Connections>,
  use: (connections: Connections) => Promise<T>,
): Promise<T> {
  const { signal } = options
  signal?.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal?.reason as Error)
  signal?.addEventListener('abort', onAbort, { once: true })
  const using = useAndClose(options, open, use)
  // Whichever ends later may reject while nothing waits for it.
  for (const promise of [using, aborted.promise]) promise.catch(() => {})
  try {
    return await Promise.race([using, aborted.promise])
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

async function useAndClose<T>(
  options: CallOptions,
  open: (options: ConnectionOptions) => Promise<Connections>,
  use: (connections: Connections) => Promise<T>,
): Promise<T> {
  try {
    const connections = await open(options)
    try {
      return await use(connections)
    } finally {
      await connections.close()
    }
  } catch (thrown) {
    throw asClientError(thrown)
  }
}

/** Follows something: tells each state, until it is over or the signal ends it. */
type Follow<T> = (onState: (state: RestoreState) => void, signal: AbortSignal) => Promise<T>

/**
 * The states that are told, as an iterator that leaves out a state equal to the one before it, and returns how it ended. A consumer
 * that is slow gets the newest state; one that breaks off ends the following.
 */
export async function* statesOf<T>(follow: Follow<T>, signal?: AbortSignal): AsyncGenerator<RestoreState, T, void> {
  const stop = new AbortController()
  let newest: RestoreState | undefined
  let wake = Promise.withResolvers<void>()
  let isOver = false
  const onState = (state: RestoreState) => {
    newest = state
    wake.resolve()
  }
  const ended = follow(onState, signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]))
  const end = () => {
    isOver = true
    wake.resolve()
  }
  ended.then(end, end)
  let last = ''
  try {
    for (;;) {
      await wake.promise
      wake = Promise.withResolvers<void>()
      const text = JSON.stringify(newest)
      if (newest !== undefined && text !== last) {
        last = text
        yield newest
      } else if (isOver) return await ended
      // What came while the consumer worked.
      if (isOver) wake.resolve()
    }
  } finally {
    stop.abort()
  }
}
