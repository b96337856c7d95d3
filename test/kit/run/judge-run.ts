import { existsSync, readFileSync } from 'node:fs'
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

/**
 * Judges a run of the whole suite: it is good where nothing failed and nothing was skipped but what the list allows. Of a test
 * that failed and passed when its file was run `again`, alone, a line tells that it is unsteady; such a run is good. The last line
 * is `<n> passed, <n> failed, <n> skipped`.
 */
export function judgeRun(report: RunReport, allowed: readonly AllowedSkip[], again?: RunReport): Judgement {
  const isWellAgain = again !== undefined && again.passed > 0 && again.failed + again.unhandled === 0
  const unsteady = isWellAgain && again.brokenFiles.length === 0 && filesAgain(report).length > 0
  const failed = unsteady ? 0 : report.failed
  const skipped = report.skipped.map(({ file, test }) => {
    const because = allowed.find((one) => test.startsWith(one.test))?.because
    return { because, line: `skipped: ${file} > ${test}: ${because ?? 'NOT ALLOWED'}` }
  })
  const longest = report.files.toSorted((one, other) => other.seconds - one.seconds).slice(0, longestMax)
  return {
    lines: [
      'the longest files:',
      ...longest.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${file}`),
      ...skipped.map(({ line }) => line),
      ...report.failures.map(
        ({ file, test, error }) => `${unsteady ? 'UNSTEADY, passed alone' : 'failed'}: ${file} > ${test}: ${error}`,
      ),
      ...report.brokenFiles.map((file) => `${unsteady ? 'UNSTEADY, passed alone' : 'broken'}: ${file}`),
      ...(report.unhandled === 0 ? [] : [`errors outside of tests: ${report.unhandled}`]),
      `${report.passed + report.failed - failed} passed, ${failed} failed, ${report.skipped.length} skipped`,
    ],
    good:
      report.passed > 0 &&
      failed === 0 &&
      report.unhandled === 0 &&
      (unsteady || report.brokenFiles.length === 0) &&
      skipped.every(({ because }) => because !== undefined),
  }
}

/**
 * `node judge-run.ts <report> <list of allowed skips> [<report of the second run>]` prints the judgement; exit code 1 where the
 * run is not good. `node judge-run.ts --again <report>` prints the files to run a second time.
 */
function main(args: readonly string[]): void {
  const [report = '', allowed = '', again = ''] = args
  if (report === '--again') {
    for (const file of filesAgain(read(allowed) as RunReport)) console.log(file)
    return
  }
  const second = existsSync(again) ? (read(again) as RunReport) : undefined
  const { lines, good } = judgeRun(read(report) as RunReport, read(allowed) as AllowedSkip[], second)
  for (const line of lines) console.log(line)
  process.exitCode = good ? 0 : 1
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

if (import.meta.main) main(process.argv.slice(2))
