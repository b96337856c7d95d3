import '../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { crashPoints } from './crash/crash-points.ts'
import { withJournalLast } from './crash/journal-last.ts'
import { create, settings } from './crash/restore-in-memory.ts'
import * as admission from './crash/scenarios/admission.ts'
import * as waits from './crash/scenarios/waits.ts'
import { activitiesOf, testCrashes } from './crash/test-crashes.ts'

describe.each(activitiesOf('rest'))('%s ends the same wherever it crashes', testCrashes)

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
