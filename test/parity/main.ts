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
import { casesWithSecondChances, checkCase, recordCase } from './run-cases.ts'

const usage = `npm run parity                      restores every recorded case with Drydock and compares it with Velero's,
                                    and those with errors that may pass once more, with second chances
npm run parity -- CASE…             only these
npm run parity -- --second-chances=on|off [CASE…]   only with second chances, or only without
npm run parity -- record CASE…      makes or renews cases with real Velero v1.18.3, from their case.json`

const option = '--second-chances='

/** Exit codes: 0 nothing differs, 1 something does or failed, 2 a wrong command line, 130 interrupted. */
async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => !arg.startsWith('-'))
  const options = args.filter((arg) => arg.startsWith('-'))
  const isWrong = options.some((arg) => ![`${option}on`, `${option}off`].includes(arg)) || options.length > 1
  if (isWrong || (names[0] === 'record' && (names.length === 1 || options.length > 0))) {
    console.log(usage)
    return 2
  }
  const dir = mkdtempSync(join(tmpdir(), 'drydock-parity-stack-'))
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => void stopAll(dir).then(() => process.exit(130)))
  try {
    const bench = await startStack({ dir, report: (line) => console.error(line) })
    return names[0] === 'record' ? await record(names.slice(1), bench) : await check(names, bench, options[0])
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
  const failed = await each(names, async (name) => {
    await (isDeletion(name) ? recordDeletion(name, bench) : recordCase(name, bench))
    return true
  })
  return failed === 0 ? 0 : 1
}

const again = ' with second chances'

async function check(names: readonly string[], bench: Bench, chances: string | undefined): Promise<number> {
  const deletions = names.length > 0 ? names.filter(isDeletion) : chances === undefined ? recordedDeletions() : []
  const all = names.length > 0 ? names.filter((name) => !isDeletion(name)) : recordedCases()
  const changed = casesWithSecondChances()
  const second = chances === undefined ? all.filter((name) => changed.includes(name)) : all
  const cases = [
    ...(chances === `${option}on` ? [] : all),
    ...(chances === `${option}off` ? [] : second.map((name) => name + again)),
  ]
  const reasons = new Map<string, number>()
  const failed = await each(cases, async (title) => {
    const comparison = await checkCase(title.replace(again, ''), bench, { secondChances: title.endsWith(again) })
    for (const [reason, count] of comparison.tolerated) reasons.set(reason, (reasons.get(reason) ?? 0) + count)
    for (const difference of comparison.wrong) console.log(`    ${describeDifference(difference)}`)
    return isGreen(comparison)
  })
  const wrong = await each(deletions, async (name) => {
    const found = await checkDeletion(name, bench)
    for (const difference of found) console.log(`    ${describeDifference(difference)}`)
    return found.length === 0
  })
  if (deletions.length > 0)
    console.log(`\n${deletions.length - wrong} of ${deletions.length} deletions are as Velero v1.18.3 made them`)
  console.log(`\n${cases.length - failed} of ${cases.length} cases are as Velero v1.18.3 made them, but for:`)
  for (const [reason, count] of reasons) console.log(`  ${count} × ${reason}`)
  return failed + wrong === 0 ? 0 : 1
}

async function each(names: readonly string[], work: (name: string) => Promise<boolean>): Promise<number> {
  let failed = 0
  for (const name of names) {
    const started = Date.now()
    const good = await work(name).catch((error: unknown) => {
      console.log(`    ${error instanceof Error ? error.message : String(error)}`)
      return false
    })
    if (!good) failed++
    console.log(`${good ? 'ok ' : 'RED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  }
  return failed
}

const isGreen = (comparison: Comparison): boolean => comparison.wrong.length === 0

process.exitCode = await main(process.argv.slice(2))
