import { expect, it } from 'vitest'
import { runSeeds } from '../../chaos/run-seeds.ts'
import type { Ground } from '../../chaos/lane.ts'
import { bareCluster, theStack } from '../../kit/stack.ts'

/** Most of a restore that is disturbed is waiting, so two go on side by side. */
const lanes = 2
/** Ten restores, some of which wait for a Lease to run out, beside other files. */
const minutes = 30
/** `npm run chaos` runs others, and more of them. */
const seeds = Array.from({ length: 10 }, (_, at) => at + 1)
const items = 120

it(
  'comes to the end of an undisturbed restore, whatever happens to workers, API server, bucket and Temporal',
  async () => {
    const { s3, temporal } = theStack()
    const grounds: Ground[] = []
    for (let lane = 1; lane <= lanes; lane++)
      grounds.push({ cluster: await bareCluster(), s3, temporal, prefix: `chaos-${process.pid}-${lane}`, items })
    const lines: string[] = []
    const failed = await runSeeds(grounds, { seeds, report: (line) => lines.push(line) })
    expect(failed, lines.join('\n')).toEqual([])
  },
  minutes * 60_000,
)
