import '../ports/deterministic.ts'
import { afterAll, describe, expect, it } from 'vitest'
import type { Activities } from '../../activities/index.ts'
import { crashPoints } from './crash/crash-points.ts'
import type { CrashReport, Scenario } from './crash/crash-points.ts'
import { withJournalLast } from './crash/journal-last.ts'
import { create, settings } from './crash/restore-in-memory.ts'
import * as admission from './crash/scenarios/admission.ts'
import * as deletion from './crash/scenarios/deletion.ts'
import * as ending from './crash/scenarios/ending.ts'
import * as items from './crash/scenarios/items.ts'
import * as locks from './crash/scenarios/locks.ts'
import * as waits from './crash/scenarios/waits.ts'
import { createWorld } from '../ports/world.ts'

const scenarios: Record<keyof Activities, readonly Scenario[]> = {
  ...admission,
  ...locks,
  ...items,
  ...waits,
  ...ending,
  ...deletion,
}

const names = Object.keys(create(createWorld().startProcess().ports, settings))
const reports = new Map<string, CrashReport[]>()

afterAll(() => {
  const sum = (list: readonly CrashReport[], of: 'calls' | 'points') => list.reduce((total, one) => total + one[of], 0)
  const rows = [...reports].map(([name, list]) => [name, list.length, sum(list, 'calls'), sum(list, 'points')] as const)
  const all = [...reports.values()].flat()
  const table = [...rows, ['all', all.length, sum(all, 'calls'), sum(all, 'points')] as const].map(
    ([name, ...numbers]) => name.padEnd(20) + numbers.map((number) => String(number).padStart(10)).join(''),
  )
  console.log(`${'activity'.padEnd(20)} scenarios     calls    points\n${table.join('\n')}`)
})

/** A few say enough. */
function firstOf(findings: readonly string[]): readonly string[] {
  return findings.length > 4 ? [...findings.slice(0, 3), `and ${findings.length - 3} more`] : findings
}

describe.each(names)('%s ends the same wherever it crashes', (activity) => {
  const mine = (scenarios as Record<string, readonly Scenario[]>)[activity] ?? []

  it('has a scenario', () => expect(mine.length).toBeGreaterThan(0))

  it.each(mine.map((scenario) => [scenario.when, scenario] as const))('%s', async (_when, scenario) => {
    const report = await crashPoints(scenario, { create, settings, activity })
    reports.set(activity, [...(reports.get(activity) ?? []), report])
    expect(firstOf(report.findings)).toEqual([])
    expect(report.points).toBeGreaterThan(0)
  })
})

describe('an activity that writes before its journal entry', () => {
  it.each([
    { activity: 'runHooks', shard: 'hooks/begun/', scenario: waits.runHooks[0], sign: /ran > .*: 2 instead of 1/ },
    { activity: 'admitRestore', shard: 'admission', scenario: admission.admitRestore[0], sign: /has no admission/ },
  ])('is caught: $activity', async ({ activity, shard, scenario, sign }) => {
    if (scenario === undefined) throw new Error('there is no scenario')
    const wrong: typeof create = (ports, set) => create(withJournalLast(ports, shard), set)
    const { findings } = await crashPoints(scenario, { create: wrong, settings, activity })
    expect(findings.filter((finding) => sign.test(finding))).not.toEqual([])
  })
})
