import { afterAll, describe, expect, test } from 'vitest'
import { casesWithOneWrites, casesWithSecondChances, checkCase } from '../../parity/run-cases.ts'
import { describeDifference } from '../../parity/compare-outcomes.ts'
import { workerSettings } from '../../parity/case-worker.ts'
import { readCaseFile, recordedCases } from '../../parity/golden-case.ts'
import { checkDeletion, recordedDeletions } from '../../parity/deletions/delete-case.ts'
import { endLanes } from '../../parity/lanes.ts'
import { theStack } from '../../kit/stack.ts'

/** Cases with the same settings follow each other, so that one worker restores them. */
const settings = (name: string): string => workerSettings(readCaseFile(name))
const bySettings = (names: readonly string[]): string[] =>
  names.toSorted((one, other) => settings(one).localeCompare(settings(other)))

const withOneWrites = await casesWithOneWrites()

afterAll(endLanes)

/**
 * Each recorded restore of Velero v1.18.3, made again by Drydock; test/parity/tolerated.ts has what may differ. Each begins in a
 * bare cluster and waits much, so several run at once. `npm run parity` restores all of them in mode owners too.
 */
describe.concurrent('a restore is as Velero v1.18.3 made it', () => {
  test.each(bySettings(recordedCases()))('%s', async (name) => {
    const { wrong } = await checkCase(name, theStack(), { managedFields: 'exact' })
    expect(wrong.map(describeDifference)).toEqual([])
  })

  test.each(bySettings(withOneWrites))('%s, in mode owners', async (name) => {
    const { wrong } = await checkCase(name, theStack(), { managedFields: 'owners' })
    expect(wrong.map(describeDifference)).toEqual([])
  })

  test.each(bySettings(casesWithSecondChances()))('%s, but for what second chances change', async (name) => {
    const { wrong } = await checkCase(name, theStack(), { secondChances: true })
    expect(wrong.map(describeDifference)).toEqual([])
  })

  test.each(recordedDeletions())('of a backup: %s', async (name) => {
    expect((await checkDeletion(name, theStack())).map(describeDifference)).toEqual([])
  })
})
