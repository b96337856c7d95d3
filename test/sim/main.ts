import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { inWords } from './disturbances.ts'
import type { Disturbance } from './disturbances.ts'
import { judge } from './judge.ts'
import { planOf, simulate } from './simulate.ts'
import type { Simulated } from './simulate.ts'
import { shrink } from './shrink.ts'
import type { RuleOff } from './workers.ts'

/*
 * npm run sim -- --runs N --seed S          runs the seeds S to S+N-1, in as many processes as there are processors
 * npm run sim -- --seed S --replay          runs one seed twice, and compares the two call by call
 * npm run sim -- --seed S --trace           prints each of its calls
 * npm run sim -- --find                     stops at the first seed that fails
 * npm run sim -- --without fence            switches a rule off (fence, lease): now seeds have to fail
 */

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    replay: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    find: { type: 'boolean', default: false },
    without: { type: 'string' },
    lane: { type: 'string' },
    lanes: { type: 'string', default: String(Math.min(cpus().length, 8)) },
  },
})
const without = values.without as RuleOff | undefined
const [seed, runs, lanes] = [Number(values.seed), Number(values.runs), Number(values.lanes)]

/** A simulation makes much that is soon gone, and thousands of errors whose stack nobody reads. */
const lean = ['--max-semi-space-size=32', '--stack-trace-limit=0']

if (values.replay) process.exitCode = await replay()
else if (values.trace) console.log((await simulate(seed, planOf(seed), without)).workers.trace.join('\n'))
else if (values.find) process.exitCode = await findFirst()
else if (values.lane !== undefined) process.exitCode = await runLane(Number(values.lane))
else process.exitCode = await runAll()
process.exit()

/** Runs seed after seed until one fails, and says which. */
async function findFirst(): Promise<number> {
  const undisturbed = await simulate(0, [])
  for (let at = seed; at < seed + runs; at++) {
    const [found] = await findingsOf(at, planOf(at), undisturbed)
    if (found === undefined) continue
    console.log(`seed ${at}: ${found.split('\n')[0]}`)
    return 1
  }
  return 0
}

/** Runs every `lanes`-th seed; the exit code is 1 where one failed. */
async function runLane(lane: number): Promise<number> {
  const undisturbed = await simulate(0, [])
  let failed = 0
  for (let at = seed + lane; at < seed + runs; at += lanes) {
    const found = await findingsOf(at, planOf(at), undisturbed)
    if (found.length === 0) continue
    failed++
    const fails = async (fewer: readonly Disturbance[]) => (await findingsOf(at, fewer, undisturbed)).length > 0
    const kept = await shrink(planOf(at), fails)
    const last = kept.length === planOf(at).length ? found : await findingsOf(at, kept, undisturbed)
    const again = await findingsOf(at, kept, undisturbed)
    const isSame = JSON.stringify(again) === JSON.stringify(last)
    const lines = [
      `seed ${at}, ${isSame ? 'found again in a second run' : 'NOT THE SAME IN A SECOND RUN'}, after`,
      ...kept.map((one) => `  ${inWords(one)}`),
      ...last.map((line) => `! ${line.slice(0, 400)}`),
    ]
    console.log(lines.join('\n'))
  }
  return failed === 0 ? 0 : 1
}

async function findingsOf(at: number, plan: readonly Disturbance[], undisturbed: Simulated): Promise<string[]> {
  try {
    return judge(await simulate(at, plan, without), undisturbed)
  } catch (thrown) {
    return [`the simulation threw: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`]
  }
}

async function runAll(): Promise<number> {
  const startedMs = performance.now()
  const args = [
    '--runs',
    String(runs),
    '--seed',
    String(seed),
    '--lanes',
    String(lanes),
    ...(without === undefined ? [] : ['--without', without]),
  ]
  const lane = (number: number) =>
    new Promise<number>((resolve) => {
      const execArgv = [...lean, '--import', fileURLToPath(new URL('./alias.ts', import.meta.url))]
      fork(fileURLToPath(import.meta.url), [...args, '--lane', String(number)], { execArgv }).once('exit', (code) =>
        resolve(code ?? 1),
      )
    })
  const codes = await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  const seconds = (performance.now() - startedMs) / 1000
  const isGood = codes.every((code) => code === 0)
  console.log(
    `${runs} simulated restores from seed ${seed} in ${seconds.toFixed(0)} s: ${isGood ? 'all right' : 'see above'}`,
  )
  return isGood ? 0 : 1
}

/** Two runs of a seed are the same to the letter: else a finding could not be looked into. */
async function replay(): Promise<number> {
  const undisturbed = await simulate(0, [])
  const one = await simulate(seed, planOf(seed), without)
  const other = await simulate(seed, planOf(seed), without)
  const digest = ({ workers }: Simulated) =>
    createHash('sha256').update(workers.trace.join('\n')).digest('hex').slice(0, 16)
  console.log(planOf(seed).map(inWords).join('\n'))
  const findings = judge(one, undisturbed)
  console.log(findings.map((line) => `! ${line}`).join('\n'))
  console.log(`${one.workers.trace.length} calls, ${digest(one)} and ${digest(other)}`)
  return digest(one) === digest(other) && findings.length === 0 ? 0 : 1
}
