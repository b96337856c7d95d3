import { describe, expect, test } from 'vitest'
import { casesWithSecondChances, checkCase } from '../../parity/run-cases.ts'
import { describeDifference } from '../../parity/compare-outcomes.ts'
import { recordedCases } from '../../parity/golden-case.ts'
import { theStack } from '../../kit/stack.ts'

/**
 * Each recorded restore of Velero v1.18.3, made again by Drydock; test/parity/tolerated.ts has what may differ. Each has a cluster
 * of its own and waits much, so several run at once.
 */
describe.concurrent('a restore is as Velero v1.18.3 made it', () => {
  test.each(recordedCases())('%s', async (name) => {
    const { wrong } = await checkCase(name, theStack())
    expect(wrong.map(describeDifference)).toEqual([])
  })

  test.each(casesWithSecondChances())('%s, but for what second chances change', async (name) => {
    const { wrong } = await checkCase(name, theStack(), { secondChances: true })
    expect(wrong.map(describeDifference)).toEqual([])
  })
})
