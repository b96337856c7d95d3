import type { Clock, Cluster } from '../ports.ts'

/** Asks the API server for something small again and again while items are under way. */
export interface LoadWatch {
  /** Runs a call, which gets the end of the first read. */
  during<R>(call: (first: Promise<void>) => Promise<R>): Promise<R>
}

/** What a watch asks, how often in milliseconds, and whom it tells how long a read took: `Infinity` where there was no answer. */
export interface LoadWatchParts {
  clock: Clock
  cluster: Pick<Cluster, 'get'>
  everyMs: number
  told: (ms: number) => void
}

/** Makes a watch, which asks nothing while no call runs. */
export function createLoadWatch({ clock, cluster, everyMs, told }: LoadWatchParts): LoadWatch {
  let calls = 0
  let watching: { first: Promise<void> } | undefined
  const look = async () => told(await readMs(cluster, clock))
  const watch = async (first: Promise<void>) => {
    await first
    while (calls > 0) {
      await clock.sleep(everyMs)
      await look()
    }
    watching = undefined
  }
  return {
    async during(call) {
      calls++
      try {
        if (watching === undefined) {
          watching = { first: look() }
          void watch(watching.first)
        }
        return await call(watching.first)
      } finally {
        calls--
      }
    },
  }
}

/** How long a read takes that is about no item, in milliseconds. Never rejects. */
async function readMs(cluster: Pick<Cluster, 'get'>, clock: Clock): Promise<number> {
  const began = clock.now().getTime()
  try {
    await cluster.get({ group: '', version: 'v1', resource: 'namespaces', name: 'kube-system' })
    return clock.now().getTime() - began
  } catch {
    return Infinity
  }
}
