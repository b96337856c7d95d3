import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import type { RunReport } from './ci-reporter.ts'

/** Tests that may be skipped: how their name begins, without the file, and why. */
export interface AllowedSkip {
  test: string
  because: string
}

/** What to print of a run, and whether it is good. */
export interface Judgement {
  lines: string[]
  good: boolean
}

const longestMax = 10

/** More files than these are no accident. */
const filesAgainMax = 3

const isOnServers = (file: string): boolean => file.startsWith('test/e2e/') || file.endsWith('.servers.test.ts')

/** The files to run a second time, alone: those with a failure, where they are few and all use real servers; else none. */
export function filesAgain(report: RunReport): string[] {
  const files = [...new Set([...report.failures.map(({ file }) => file), ...report.brokenFiles])]
  const areFew = report.unhandled === 0 && files.length <= filesAgainMax
  return areFew && files.every(isOnServers) ? files : []
}

/** What belongs to a run of the whole suite besides its report. */
export interface Besides {
  /** The report of the second run of the files that failed, alone. */
  again?: RunReport
  /** Reports of what ran at the same time and has servers of its own; nothing of it runs a second time. */
  beside?: readonly RunReport[]
  /** What did not run at all, and why. */
  leftOut?: readonly string[]
}

/**
 * Judges a run of the whole suite: it is good where nothing failed and nothing was skipped but what the list allows. Of a test
 * that failed and passed when its file was run `again`, alone, a line tells that it is unsteady; such a run is good. The last line
 * is `<n> passed, <n> failed, <n> skipped`; each thing that was left out counts as one that was skipped.
 */
export function judgeRun(report: RunReport, allowed: readonly AllowedSkip[], besides: Besides = {}): Judgement {
  const { again, beside = [], leftOut = [] } = besides
  const isWellAgain = again !== undefined && again.passed > 0 && again.failed + again.unhandled === 0
  const unsteady = isWellAgain && again.brokenFiles.length === 0 && filesAgain(report).length > 0
  const all = [report, ...beside]
  const others = beside.map((one) => one.failed).reduce(sum, 0)
  const failed = (unsteady ? 0 : report.failed) + others
  const unhandled = all.map((one) => one.unhandled).reduce(sum, 0)
  const skipped = all
    .flatMap((one) => one.skipped)
    .map(({ file, test }) => {
      const because = allowed.find((one) => test.startsWith(one.test))?.because
      return { because, line: `skipped: ${file} > ${test}: ${because ?? 'NOT ALLOWED'}` }
    })
  const passed = all.map((one) => one.passed + one.failed).reduce(sum, 0) - failed
  return {
    lines: [
      'the longest files:',
      ...longestOf(all),
      ...leftOut.map((line) => `left out: ${line}`),
      ...skipped.map(({ line }) => line),
      ...troubles(report, unsteady),
      ...beside.flatMap((one) => troubles(one, false)),
      ...(unhandled === 0 ? [] : [`errors outside of tests: ${unhandled}`]),
      `${passed} passed, ${failed} failed, ${skipped.length + leftOut.length} skipped`,
    ],
    good:
      report.passed > 0 &&
      failed === 0 &&
      unhandled === 0 &&
      (unsteady ? beside : all).every((one) => one.brokenFiles.length === 0) &&
      beside.every((one) => one.passed + one.skipped.length > 0) &&
      skipped.every(({ because }) => because !== undefined),
  }
}

const sum = (one: number, other: number): number => one + other

function longestOf(reports: readonly RunReport[]): string[] {
  const files = reports.flatMap((one) => one.files).toSorted((one, other) => other.seconds - one.seconds)
  return files.slice(0, longestMax).map(({ file, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${file}`)
}

function troubles({ failures, brokenFiles }: RunReport, unsteady: boolean): string[] {
  const passedAlone = 'UNSTEADY, passed alone'
  return [
    ...failures.map(({ file, test, error }) => `${unsteady ? passedAlone : 'failed'}: ${file} > ${test}: ${error}`),
    ...brokenFiles.map((file) => `${unsteady ? passedAlone : 'broken'}: ${file}`),
  ]
}

/** What came of something that was to write a report and has not: it failed. */
export function withoutReport(name: string): RunReport {
  const failure = { file: name, test: 'all of it', error: 'ended without a report' }
  return { passed: 0, failed: 1, failures: [failure], skipped: [], unhandled: 0, brokenFiles: [], files: [] }
}

/**
 * `node judge-run.ts REPORT ALLOWED-SKIPS` prints the judgement; exit code 1 where the run is not good. `--again REPORT` is that of the
 * second run, where there was one. `--beside REPORT` and `--left-out TEXT` may come several times.
 * `node judge-run.ts --files-again REPORT` prints the files to run a second time.
 */
function main(args: string[]): void {
  const text = { type: 'string' } as const
  const texts = { type: 'string', multiple: true, default: [] as string[] } as const
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { again: text, 'files-again': text, beside: texts, 'left-out': texts },
  })
  if (values['files-again'] !== undefined) {
    for (const file of filesAgain(read(values['files-again']) as RunReport)) console.log(file)
    return
  }
  const [report = '', allowed = ''] = positionals
  const second = values.again !== undefined && existsSync(values.again) ? (read(values.again) as RunReport) : undefined
  const { lines, good } = judgeRun(read(report) as RunReport, read(allowed) as AllowedSkip[], {
    ...(second === undefined ? {} : { again: second }),
    beside: values.beside.map((path) =>
      existsSync(path) ? (read(path) as RunReport) : withoutReport(basename(path, '.json')),
    ),
    leftOut: values['left-out'],
  })
  for (const line of lines) console.log(line)
  process.exitCode = good ? 0 : 1
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

if (import.meta.main) main(process.argv.slice(2))
