import { afterAll, expect, it } from 'vitest'
import type { Activities } from '../../../activities/index.ts'
import { createWorld } from '../../ports/world.ts'
import { crashPoints } from './crash-points.ts'
import type { CrashReport, Scenario } from './crash-points.ts'
import { create, settings } from './restore-in-memory.ts'
import * as admission from './scenarios/admission.ts'
import * as backupDeletion from './scenarios/backup-deletion.ts'
import * as deletion from './scenarios/deletion.ts'
import * as drills from './scenarios/drills.ts'
import * as ending from './scenarios/ending.ts'
import * as items from './scenarios/items.ts'
import * as locks from './scenarios/locks.ts'
import * as notices from './scenarios/notices.ts'
import * as requests from './scenarios/requests.ts'
import * as undo from './scenarios/undo.ts'
import * as waits from './scenarios/waits.ts'

const scenarios: Record<keyof Activities, readonly Scenario[]> = {
  ...admission,
  ...locks,
  ...items,
  ...waits,
  ...ending,
  ...deletion,
  ...backupDeletion,
  ...requests,
  ...drills,
  ...notices,
  ...undo,
}

/** The names of all activities, as a worker registers them. */
const names = Object.keys(create(createWorld().startProcess().ports, settings))

/** The activities whose tests take longest, by the file that has them beside `crash.test.ts`: files run side by side. */
const apart = { admission: ['admitRestore', 'planRestore'], items: ['restoreChunk'] } as const

/** The activities of one of the files; those of `crash.test.ts` are all that the others leave. */
export function activitiesOf(file: keyof typeof apart | 'rest'): readonly string[] {
  const elsewhere: readonly string[] = Object.values(apart).flat()
  return file === 'rest' ? names.filter((name) => !elsewhere.includes(name)) : apart[file]
}

/** The tests of one activity: that it has a scenario, and that it comes to the same end in each. */
export function testCrashes(activity: string): void {
  const mine = (scenarios as Record<string, readonly Scenario[]>)[activity] ?? []
  const reports: CrashReport[] = []

  afterAll(() => {
    const sum = (of: 'calls' | 'points') => reports.reduce((total, one) => total + one[of], 0)
    console.log(`${activity}: ${reports.length} scenarios, ${sum('calls')} calls, ${sum('points')} points`)
  })

  it('has a scenario', () => expect(mine.length).toBeGreaterThan(0))

  it.each(mine.map((scenario) => [scenario.when, scenario] as const))('%s', async (_when, scenario) => {
    const report = await crashPoints(scenario, { create, settings, activity })
    reports.push(report)
    expect(firstOf(report.findings)).toEqual([])
    expect(report.points).toBeGreaterThan(0)
  })
}

/** A few say enough. */
function firstOf(findings: readonly string[]): readonly string[] {
  return findings.length > 4 ? [...findings.slice(0, 3), `and ${findings.length - 3} more`] : findings
}
