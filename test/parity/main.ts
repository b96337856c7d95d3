import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStack, stopStack } from '../../devstack/stack.ts'
import { describeDifference } from './compare-outcomes.ts'
import type { Comparison } from './compare-outcomes.ts'
import { checkDeletion, isDeletion, recordDeletion, recordedDeletions } from './deletions/delete-case.ts'
import { recordedCases } from './golden-case.ts'
import { endLanes, laneFolders } from './lanes.ts'
import { caseFolders } from './parity-bench.ts'
import type { Bench } from './parity-bench.ts'
import type { Manner } from './restore-case.ts'
import { casesWithSecondChances, checkCase, recordCase } from './run-cases.ts'

const usage = `npm run parity                      restores every recorded case with Drydock in both modes of managed fields and
                                    compares it with Velero's, and those with errors that may pass once more, with
                                    second chances
npm run parity -- CASE…             only these
npm run parity -- --second-chances=on|off [CASE…]   only with second chances, or only without
npm run parity -- --managed-fields=exact|owners [CASE…]   only in this mode
npm run parity -- record CASE…      makes or renews cases with real Velero v1.18.3, from their case.json`

const chances = '--second-chances='
const fields = '--managed-fields='
const allOptions = [`${chances}on`, `${chances}off`, `${fields}exact`, `${fields}owners`]

/** Exit codes: 0 nothing differs, 1 something does or failed, 2 a wrong command line, 130 interrupted. */
async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => !arg.startsWith('-'))
  const options = args.filter((arg) => arg.startsWith('-'))
  const kinds = new Set(options.map((arg) => arg.replace(/=.*/, '=')))
  const isWrong = options.some((arg) => !allOptions.includes(arg)) || kinds.size < options.length
  if (isWrong || (names[0] === 'record' && (names.length === 1 || options.length > 0))) {
    console.log(usage)
    return 2
  }
  const dir = mkdtempSync(join(tmpdir(), 'drydock-parity-stack-'))
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => void stopAll(dir).then(() => process.exit(130)))
  try {
    const bench = await startStack({ dir, report: (line) => console.error(line) })
    return names[0] === 'record' ? await record(names.slice(1), bench) : await check(names, bench, options)
  } finally {
    await endLanes()
    await stopStack(dir)
    await rm(dir, { recursive: true, force: true })
  }
}

/** An interrupted run leaves no server behind. */
async function stopAll(dir: string): Promise<void> {
  for (const folder of [...caseFolders(), ...laneFolders(), dir]) {
    await stopStack(folder)
    await rm(folder, { recursive: true, force: true })
  }
}

async function record(names: readonly string[], bench: Bench): Promise<number> {
  const failed = await each(names, String, async (name) => {
    await (isDeletion(name) ? recordDeletion(name, bench) : recordCase(name, bench))
    return true
  })
  return failed === 0 ? 0 : 1
}

/** A case, and how it is restored. */
interface Run {
  name: string
  manner: Manner
}

/** Which cases are restored how. Second chances have nothing to do with managed fields, so one mode is enough for them. */
function runsOf(cases: readonly string[], options: readonly string[]): Run[] {
  const only = options.find((one) => one.startsWith(fields))?.slice(fields.length)
  const modes = (['exact', 'owners'] as const).filter((one) => only === undefined || only === one)
  const onlyAgain = options.includes(`${chances}on`)
  const changed = casesWithSecondChances()
  const second = onlyAgain ? cases : cases.filter((name) => changed.includes(name))
  const plain = modes.flatMap((managedFields) => cases.map((name) => ({ name, manner: { managedFields } })))
  const again = second.map((name) => ({ name, manner: { managedFields: modes[0] ?? 'exact', secondChances: true } }))
  return [...(onlyAgain ? [] : plain), ...(options.includes(`${chances}off`) ? [] : again)]
}

function titleOf({ name, manner }: Run): string {
  const mode = manner.managedFields === 'owners' ? ' in mode owners' : ''
  return `${name}${mode}${manner.secondChances === true ? ' with second chances' : ''}`
}

async function check(names: readonly string[], bench: Bench, options: readonly string[]): Promise<number> {
  const isAll = names.length === 0
  const deletions = isAll && options.length === 0 ? recordedDeletions() : names.filter(isDeletion)
  const runs = runsOf(isAll ? recordedCases() : names.filter((name) => !isDeletion(name)), options)
  const reasons = new Map<string, number>()
  const failed = await each(runs, titleOf, async ({ name, manner }) => {
    const comparison = await checkCase(name, bench, manner)
    for (const [reason, count] of comparison.tolerated) reasons.set(reason, (reasons.get(reason) ?? 0) + count)
    for (const difference of comparison.wrong) console.log(`    ${describeDifference(difference)}`)
    return isGreen(comparison)
  })
  const wrong = await each(deletions, String, async (name) => {
    const found = await checkDeletion(name, bench)
    for (const difference of found) console.log(`    ${describeDifference(difference)}`)
    return found.length === 0
  })
  if (deletions.length > 0)
    console.log(`\n${deletions.length - wrong} of ${deletions.length} deletions are as Velero v1.18.3 made them`)
  console.log(`\n${runs.length - failed} of ${runs.length} restores of cases are as Velero v1.18.3 made them, but for:`)
  for (const [reason, count] of reasons) console.log(`  ${count} × ${reason}`)
  return failed + wrong === 0 ? 0 : 1
}

async function each<T>(
  all: readonly T[],
  titled: (one: T) => string,
  work: (one: T) => Promise<boolean>,
): Promise<number> {
  let failed = 0
  for (const one of all) {
    const started = Date.now()
    const good = await work(one).catch((error: unknown) => {
      console.log(`    ${error instanceof Error ? error.message : String(error)}`)
      return false
    })
    if (!good) failed++
    console.log(`${good ? 'ok ' : 'RED'} ${titled(one)} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  }
  return failed
}

const isGreen = (comparison: Comparison): boolean => comparison.wrong.length === 0

process.exitCode = await main(process.argv.slice(2))
