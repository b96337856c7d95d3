import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { renderTable } from '../client/show/render-table.ts'
import { contenders, usualContenders } from './contenders.ts'
import { runRounds } from './run-rounds.ts'
import { costTable, roundsTable, speedTable } from './report/columns.ts'
import { readMeasurements } from './report/results-file.ts'
import { summarize } from './report/summary.ts'
import { writePage } from './report/write-page.ts'
import { usualWorkloads, workloads } from './workloads.ts'

const list = (all: readonly string[]) => (text: string) => {
  const names = text.split(',')
  const unknown = names.find((name) => !all.includes(name))
  if (unknown === undefined) return names
  throw new InvalidArgumentError(`"${unknown}" is none of ${all.join(', ')}.`)
}
const numberFrom = (text: string, isGood: (value: number) => boolean, what: string) => {
  const value = Number(text)
  if (isGood(value)) return value
  throw new InvalidArgumentError(`It must be ${what}.`)
}
const count = (text: string) => numberFrom(text, (n) => Number.isInteger(n) && n >= 0, 'a whole number, 0 or more')
const factor = (text: string) => numberFrom(text, (n) => n > 0 && n <= 1, 'a number above 0, at most 1')
const titleOf = (name: string) => contenders.find((one) => one.name === name)?.title ?? name
const contenderNames = contenders.map(({ name }) => name)
const workloadNames = workloads.map(({ name }) => name)

const program = new Command('bench')
  .description(
    'Restores backups with real Velero, with Drydock, and with a load generator that sends the same writes and nothing else: in turn, several rounds, ' +
      'each time on new servers on this machine. Prints medians of speed and cost.',
  )
  .option('--workload <names>', `one or more of ${workloadNames.join(', ')}`, list(workloadNames), usualWorkloads)
  .option('--contenders <names>', `one or more of ${contenderNames.join(', ')}`, list(contenderNames), usualContenders)
  .option('--rounds <n>', 'how often each contender restores each workload', count, 3)
  .option('--scale <factor>', 'makes made-up workloads smaller, for a try', factor, 1)
  .option('--results <folder>', 'adds the measurements to what this folder has; without it nothing is kept')
  .option('--page', 'writes docs/performance.md and its plots from the results; with --rounds 0 nothing is measured')
  .addHelpText('after', '\nA full bench: npm run bench -- --results docs/performance --page')

const options = program.parse().opts<{
  workload: readonly string[]
  contenders: readonly string[]
  rounds: number
  scale: number
  results?: string
  page?: boolean
}>()
const dir = mkdtempSync(join(tmpdir(), 'drydock-bench-'))
const results = options.results ?? join(dir, 'results')
const stop = new AbortController()
// Whatever happens, the servers that run are stopped, and what happened is told.
process.on('uncaughtException', (error) => {
  console.error(error)
  process.exitCode = 1
  stop.abort(error)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error('stopped')))
try {
  for (const name of options.workload) {
    const workload = workloads.find((one) => one.name === name)
    if (workload === undefined) continue
    const chosen = contenders.filter((one) => options.contenders.includes(one.name))
    await runRounds({ ...options, workload, contenders: chosen, dir, results, signal: stop.signal })
    print(name)
  }
  if (options.page === true) await writePage(results, titleOf)
} finally {
  rmSync(dir, { recursive: true, force: true })
}

function print(workload: string): void {
  const measurements = readMeasurements(results, workload)
  const summaries = summarize(measurements)
  console.log(`\n${workload}\n`)
  for (const table of [
    speedTable(summaries, titleOf),
    costTable(summaries, titleOf),
    roundsTable(measurements, titleOf),
  ])
    console.log(`${renderTable(table.head, table.rows)}\n`)
}
