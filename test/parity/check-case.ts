import { compareOutcomes } from './compare-outcomes.ts'
import type { Comparison } from './compare-outcomes.ts'
import { readGoldenCase } from './golden-case.ts'
import { withCaseCluster } from './parity-bench.ts'
import type { Bench } from './parity-bench.ts'
import { restoreCase } from './restore-case.ts'
import { withWorker } from './case-worker.ts'

/** Restores a recorded case with Drydock, in a cluster of its own, and compares everything with what Velero made. */
export async function checkCase(name: string, bench: Bench): Promise<Comparison> {
  const golden = readGoldenCase(name)
  const restored = await withCaseCluster(golden, bench, (cluster) =>
    withWorker(cluster, golden, () => restoreCase(name, golden, cluster)),
  )
  return compareOutcomes(golden, restored)
}
