import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { bundleOnce } from '../kit/run/bundle-once.ts'
import { cleanUp } from '../kit/run/clean-up.ts'
import { ownDir, removeOwn, sweepLeftovers } from '../kit/run/sweep.ts'
import { ownGrounds, sharedGrounds } from './grounds.ts'
import { runSeeds } from './run-seeds.ts'

/* npm run chaos: whole restores on real servers, with faults by a seed. Exit code 1 where one did not come to its right end. */

const count = (text: string) => {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a whole number above 0.')
}

const options = new Command('chaos')
  .description(
    'Restores on real servers while workers, the API server, the bucket and Temporal misbehave as a seed says, and compares each ' +
      'restore with an undisturbed one. Prints a line for each.',
  )
  .option('--runs <n>', 'how many seeds', count, 10)
  .option('--seed <n>', 'the first of them', count, 1)
  .option('--items <n>', 'items of the backup', count, 500)
  .option('--lanes <n>', 'clusters side by side, each with one restore at a time', count, 2)
  .option('--velero', 'has a real Velero server sweep restores, where a schedule says so; one at a time on a machine')
  .option('--users', 'has users pause, cancel and retry, beside what a schedule has')
  .option('--servers', 'kills servers and starts them again, beside what a schedule has; each lane has its own')
  .option('--together <n>', 'how many restores run side by side in a lane', count, 1)
  .option('--shrink', 'runs a seed that fails again with fewer faults, until each that is left is needed')
  .parse()
  .opts<Options>()

interface Options {
  runs: number
  seed: number
  items: number
  lanes: number
  together: number
  velero?: boolean
  users?: boolean
  servers?: boolean
  shrink?: boolean
}

await sweepLeftovers()
const dir = ownDir()
const stop = async (hasPassed: boolean): Promise<void> => {
  await cleanUp({ hasPassed })
  await removeOwn(dir)
}
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => void stop(false).finally(() => process.exit(130)))

const startedMs = performance.now()
let failed = 0
try {
  await bundleOnce(join(dir, 'workflows.js'))
  const {
    items,
    users = false,
    servers = false,
    velero: hasVelero = false,
    together,
    shrink: shrinks = false,
  } = options
  const ground = { dir, lanes: Math.min(options.lanes, options.runs), items, hasVelero }
  const grounds = await (servers ? ownGrounds(ground) : sharedGrounds(ground))
  const seeds = Array.from({ length: options.runs }, (_, at) => options.seed + at)
  const beside = { users, servers }
  const found = await runSeeds(grounds, { seeds, report: console.log, shrinks, beside, together })
  failed = found.length
} finally {
  await stop(failed === 0)
}
const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
console.log(
  `${options.runs} restores from seed ${options.seed} in ${seconds} s: ${failed === 0 ? 'all right' : `${failed} WRONG`}`,
)
process.exit(failed === 0 ? 0 : 1)
