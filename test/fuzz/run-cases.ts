import { diceOf } from './chance.ts'
import { targets } from './targets.ts'
import type { Shown, TargetName } from './targets.ts'

/** What a case of a target has found. */
export interface Finding {
  target: TargetName
  number: number
  what: string
}

/** What all cases have cost and found. */
export interface Ran {
  cases: Record<TargetName, number>
  /** Those that ended with an error that the user reads. */
  refused: number
  /** The longest one, in milliseconds of this process. */
  slowest: { target: TargetName; number: number; ms: number }
  findings: Finding[]
}

/** More time of the processor than this is a finding. A case of half a second may be the garbage collector's. */
const cpuMsMax = 2_000
/** So is a longer error: it goes into results, Events and logs. */
const errorCharsMax = 200_000

/** Runs the cases `from` to `from + count - 1` of a seed, spread over the targets, or those of one target. */
export async function runCases(
  seed: number,
  { from, count }: { from: number; count: number },
  only?: TargetName,
): Promise<Ran> {
  const names = Object.keys(targets) as TargetName[]
  const lots = names.flatMap((name) => Array.from({ length: targets[name].share }, () => name))
  const ran: Ran = {
    cases: Object.fromEntries(names.map((name) => [name, 0])) as Record<TargetName, number>,
    refused: 0,
    slowest: { target: 'archive', number: -1, ms: 0 },
    findings: [],
  }
  for (let number = from; number < from + count; number++) {
    const target = only ?? (lots[number % lots.length] as TargetName)
    const before = process.cpuUsage()
    const { shown, thrown } = await runCase(target, seed, number)
    const { user, system } = process.cpuUsage(before)
    const ms = (user + system) / 1000
    ran.cases[target]++
    if (ms > ran.slowest.ms) ran.slowest = { target, number, ms }
    if (shown !== undefined && shown.errors.length > 0) ran.refused++
    const wrong = thrown ?? (ms > cpuMsMax ? `it takes ${ms.toFixed(0)} ms` : wrongIn(shown))
    if (wrong !== undefined) ran.findings.push({ target, number, what: wrong })
  }
  return ran
}

async function runCase(target: TargetName, seed: number, number: number): Promise<{ shown?: Shown; thrown?: string }> {
  try {
    return { shown: await targets[target].run(diceOf(seed, number)) }
  } catch (thrown) {
    return { thrown: `it throws: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}` }
  }
}

/** One error, in words, that names what it is about, is a good end. */
function wrongIn(shown: Shown | undefined): string | undefined {
  for (const error of shown?.errors ?? []) {
    if (typeof error !== 'string' || error === '') return 'an error has no words'
    if (error.length > errorCharsMax) return `an error has ${error.length} characters: ${error.slice(0, 200)}`
    if (shown?.names !== undefined && !error.includes(shown.names))
      return `an error does not name ${shown.names}: ${error}`
  }
  return undefined
}
