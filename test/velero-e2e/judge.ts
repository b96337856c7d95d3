import type { RunReport } from '../kit/ci/ci-reporter.ts'
import { nameSpecs } from './specs.ts'
import type { Expected, SpecReport } from './specs.ts'

/** What became of a spec. */
export interface Verdict {
  spec: string
  seconds: number
  /** Why it is not as expected; absent where it is. */
  wrong?: string
}

/**
 * Holds ginkgo's report of a run against what is expected: each spec that was asked for has passed, and the suite has the specs of
 * the list and no others. The specs of the list that were not asked for are not judged, unless one ran that cannot run here.
 */
export function judge(
  reports: readonly SpecReport[],
  expected: readonly Expected[],
  asked: readonly string[],
): Verdict[] {
  const found = nameSpecs(reports)
  const known = new Map(expected.map((entry) => [entry.spec, entry]))
  const unknown = [...found.keys()].filter((spec) => !known.has(spec))
  const gone = expected.filter(({ spec }) => !found.has(spec))
  const ran = [...found].flatMap(([spec, report]) => {
    const entry = known.get(spec)
    const isAsked = asked.includes(spec)
    if (entry === undefined || (!isAsked && report.State === 'skipped')) return []
    const wrong = 'cannot' in entry ? judgeCannot(report) : isAsked ? judgePasses(report) : undefined
    return [{ spec, seconds: report.RunTime / 1e9, ...(wrong === undefined ? {} : { wrong }) }]
  })
  return [
    ...ran,
    ...unknown.map((spec) => ({ spec, seconds: 0, wrong: 'the suite has this spec, and expected.json does not' })),
    ...gone.map(({ spec }) => ({ spec, seconds: 0, wrong: 'expected.json has this spec, and the suite does not' })),
  ]
}

/** The verdicts in the form in which CI judges its tests. */
export function runReport(verdicts: readonly Verdict[]): RunReport {
  const file = "Velero's own suite"
  const failures = verdicts.flatMap(({ spec, wrong }) =>
    wrong === undefined ? [] : [{ file, test: spec, error: wrong }],
  )
  const seconds = verdicts.reduce((sum, verdict) => sum + verdict.seconds, 0)
  return {
    passed: verdicts.length - failures.length,
    failed: failures.length,
    failures,
    skipped: [],
    unhandled: 0,
    brokenFiles: [],
    files: [{ file, seconds }],
  }
}

function judgePasses({ State, Failure }: SpecReport): string | undefined {
  return State === 'passed' ? undefined : [State, firstLines(Failure?.Message ?? '')].filter(Boolean).join(': ')
}

/** A spec with the same labels as one that was asked for runs too. */
function judgeCannot({ State }: SpecReport): string | undefined {
  return State === 'passed' ? 'passes, but expected.json says that it cannot run here' : undefined
}

const charactersMax = 300

function firstLines(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > charactersMax ? `${line.slice(0, charactersMax)}…` : line
}
