import { describe, expect, it } from 'vitest'
import { advanceOperation } from '../../../core/operations/advance-operation.ts'
import type { AdvanceRules } from '../../../core/operations/advance-operation.ts'
import type { OperationObservation } from '../../../core/operations/look-up-operation.ts'
import { timeoutOrDefaultMs } from '../../../core/values/go-duration.ts'
import { anOperation } from './operations.ts'

const begun = anOperation('op').status
const hour = 3_600_000
const at = (minutes: number, rules: Partial<AdvanceRules> = {}): AdvanceRules => ({
  nowMs: Date.parse('2026-11-24T10:00:00Z') + minutes * 60_000,
  timeoutMs: hour,
  misses: 0,
  missesMax: 3,
  ...rules,
})
const moving: OperationObservation = {
  seen: 'progress',
  name: 'dd',
  description: 'InProgress',
  nCompleted: 2,
  nTotal: 9,
  started: 's',
}

describe('an operation', () => {
  it('stays as it is while nobody has taken it up', () => {
    expect(advanceOperation(begun, { seen: 'not started', name: 'dd' }, at(1))).toEqual({
      status: begun,
      cancel: false,
    })
  })

  it('is in progress once it has started, with its figures', () => {
    expect(advanceOperation(begun, moving, at(1)).status).toEqual({
      ...begun,
      phase: 'InProgress',
      nCompleted: 2,
      nTotal: 9,
      operationUnits: 'Bytes',
      description: 'InProgress',
      started: 's',
    })
  })

  it('is new as long as it is only accepted', () => {
    const accepted: OperationObservation = {
      seen: 'progress',
      name: 'dd',
      description: 'Accepted',
      nCompleted: 0,
      nTotal: 0,
    }
    expect(advanceOperation(begun, accepted, at(1)).status).toMatchObject({ phase: 'New', description: 'Accepted' })
  })

  it('survives looks that fail, up to a number in a row', () => {
    const lost: OperationObservation = { seen: 'unavailable', error: "didn't find DataDownload" }
    expect(advanceOperation(begun, lost, at(1, { misses: 2 })).status).toBe(begun)
    expect(advanceOperation(begun, lost, at(1, { misses: 3 })).status).toMatchObject({
      phase: 'Failed',
      error: "didn't find DataDownload",
    })
  })

  it('fails at its deadline and is called off', () => {
    for (const observation of [moving, { seen: 'not started', name: 'dd' } as const]) {
      expect(advanceOperation(begun, observation, at(61))).toMatchObject({
        status: { phase: 'Failed', error: 'Asynchronous action timed out' },
        cancel: true,
      })
    }
  })

  it('that ended in time but was seen late is no failure', () => {
    const { status } = advanceOperation(begun, { ...moving, end: { error: '' } }, at(61))
    expect(status.phase).toBe('Completed')
  })

  it('fails with the words of its end', () => {
    const { status, cancel } = advanceOperation(begun, { ...moving, end: { error: 'full' } }, at(1))
    expect(status).toMatchObject({ phase: 'Failed', error: 'full' })
    expect(cancel).toBe(false)
  })

  it('of a plugin that is not here fails at once', () => {
    expect(advanceOperation(begun, { seen: 'unsupported', error: 'who' }, at(0)).status.error).toBe('who')
  })
})

describe('the timeout', () => {
  it.each([
    ['90s', 90_000],
    ['', hour],
    ['0s', hour],
    ['soon', hour],
    [undefined, hour],
  ])('%s', (text, ms) => {
    expect(timeoutOrDefaultMs(text, hour)).toBe(ms)
  })
})
