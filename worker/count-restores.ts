import type { Clock, Cluster, Log } from '../activities/ports.ts'

const firstMs = 5000
const againMs = 60_000

/** Tells how many Restores there are, soon after the start and then each minute, as Velero does for `velero_restore_total`. */
export async function countRestores(options: {
  cluster: Cluster
  namespace: string
  clock: Clock
  log: Log
  signal: AbortSignal
  set: (count: number) => void
}): Promise<void> {
  const restores = { group: 'velero.io', version: 'v1', resource: 'restores' }
  for (let pause = firstMs; !options.signal.aborted; pause = againMs) {
    try {
      await options.clock.sleep(pause, options.signal)
      const found = await options.cluster.list(restores, {
        namespace: options.namespace,
        metadataOnly: true,
        cached: true,
      })
      options.set(found.length)
    } catch (thrown) {
      if (!options.signal.aborted) options.log.debug('Restores could not be counted', { error: String(thrown) })
    }
  }
}
