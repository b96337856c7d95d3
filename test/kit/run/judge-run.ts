import { readFileSync } from 'node:fs'
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

/**
 * Judges a run of the whole suite: it is good where nothing failed and nothing was skipped but what the list allows. The last
 * line is `<n> passed, <n> failed, <n> skipped`.
 */
export function judgeRun(report: RunReport, allowed: readonly AllowedSkip[]): Judgement {
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
      ...report.brokenFiles.map((file) => `broken: ${file}`),
      ...(report.unhandled === 0 ? [] : [`errors outside of tests: ${report.unhandled}`]),
      `${report.passed} passed, ${report.failed} failed, ${report.skipped.length} skipped`,
    ],
    good:
      report.passed > 0 &&
      report.failed === 0 &&
      report.unhandled === 0 &&
      report.brokenFiles.length === 0 &&
      skipped.every(({ because }) => because !== undefined),
  }
}

/** `node judge-run.ts <report> <list of allowed skips>` prints the judgement; exit code 1 where the run is not good. */
function main([report = '', allowed = '']: readonly string[]): void {
  const { lines, good } = judgeRun(read(report) as RunReport, read(allowed) as AllowedSkip[])
  for (const line of lines) console.log(line)
  process.exitCode = good ? 0 : 1
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

if (import.meta.main) main(process.argv.slice(2))
