import { parseArgs } from 'node:util'
import { runHistories } from './histories/run-histories.ts'
import { runCases } from './run-cases.ts'
import type { TargetName } from './targets.ts'

/*
 * npm run fuzz -- --cases N --seed S                   runs N cases, spread over all targets
 * npm run fuzz -- --seed S --target T --case K         runs one of them once more
 * npm run fuzz -- --target history --cases N --seed S  replays N histories that nobody recorded
 */

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    case: { type: 'string' },
  },
})
const at = values.case === undefined ? undefined : Number(values.case)
const range = at === undefined ? { from: 0, count: Number(values.cases) } : { from: at, count: 1 }
const startedMs = performance.now()
if (values.target === 'history') process.exit(await replayHistories())
const ran = await runCases(Number(values.seed), range, values.target as TargetName | undefined)
for (const { target, number, what } of ran.findings.slice(0, 40))
  console.log(`${target}, case ${number}: ${what.slice(0, 600)}`)
const { slowest } = ran
const counts = Object.entries(ran.cases).map(([name, count]) => `${name} ${count}`)
const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
console.log(`${counts.join(', ')}; ${ran.refused} ended with an error that is told; ${seconds} s`)
console.log(`the slowest: ${slowest.target}, case ${slowest.number}, ${slowest.ms.toFixed(0)} ms of the processor`)
console.log(
  `the largest memory of the process: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB; findings: ${ran.findings.length}`,
)
process.exitCode = ran.findings.length === 0 ? 0 : 1

/** These are apart: they need a worker of Temporal, and a case takes a hundred times as long. */
async function replayHistories(): Promise<number> {
  const { replayed, refused, failedTasks, findings } = await runHistories(Number(values.seed), range, console.log)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
  console.log(
    `history ${range.count}; ${replayed} replayed, ${refused} refused as another way; ${failedTasks} failed tasks; ${seconds} s`,
  )
  console.log(`findings: ${findings.length}`)
  return findings.length === 0 ? 0 : 1
}
