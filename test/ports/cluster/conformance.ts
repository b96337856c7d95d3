import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Cluster } from '../../../activities/ports.ts'
import { changing } from './change-statements.ts'
import { creating } from './create-statements.ts'
import { owning } from './owner-statements.ts'
import { reading } from './read-statements.ts'
import { by, configMaps, define, named, namespaces } from './statement-tools.ts'

/** A cluster to hold the statements against. */
export interface ClusterBench {
  cluster: Cluster
  /** Lets time pass. */
  sleep: (ms: number) => Promise<void>
  close: () => Promise<void>
}

/**
 * What the port `Cluster` promises, held against whatever `open` opens: the cluster in memory, and a real API server.
 * Where the two differ, the one in memory is wrong.
 */
export function clusterConformance(open: () => Promise<ClusterBench>): void {
  let bench: ClusterBench
  let count = 0
  beforeAll(async () => {
    bench = await open()
    await define(bench)
  }, 150_000)
  afterAll(() => bench?.close(), 60_000)

  describe.each(Object.entries({ ...creating, ...reading, ...changing, ...owning }))('%s', (_about, rows) => {
    it.each(Object.entries(rows))('%s', async (_says, holds) => {
      const { cluster, sleep } = bench
      const namespace = `statement-${++count}`
      await cluster.create(namespaces, undefined, named('v1', 'Namespace', namespace), by)
      await holds({
        cluster,
        namespace,
        sleep,
        at: (name) => ({ ...configMaps, namespace, name }),
        add: (name, more = {}, metadata = {}) =>
          cluster.create(configMaps, namespace, { ...named('v1', 'ConfigMap', name, metadata), ...more }, by),
      })
    })
  })
}
