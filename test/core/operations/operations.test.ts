import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  countOperations,
  mergeOperations,
  mergeStatus,
  operationOutcomes,
  operationProgress,
} from '../../../core/operations/operations.ts'
import type { OperationStates, OperationStatus } from '../../../core/operations/operations.ts'
import { tallyOf } from '../../../core/results/tally.ts'
import { anOperation, anOutcome } from './operations.ts'

const status: fc.Arbitrary<OperationStatus> = fc.record(
  {
    phase: fc.constantFrom('New', 'InProgress', 'Completed', 'Failed'),
    error: fc.constantFrom('a', 'b'),
    nCompleted: fc.nat(3),
    description: fc.constantFrom('x', 'y'),
  },
  { requiredKeys: ['phase'] },
)
const shard: fc.Arbitrary<OperationStates> = fc.dictionary(fc.constantFrom('one', 'two', 'constructor'), status)
const tally = tallyOf([anOperation('two'), anOperation('one'), anOperation('constructor')].map(anOutcome))

test('shards may come in any order and more than once', () => {
  fc.assert(
    fc.property(fc.array(shard, { maxLength: 5 }), (shards) => {
      const merged = mergeOperations(tally, shards)
      expect(mergeOperations(tally, shards.toReversed())).toEqual(merged)
      expect(mergeOperations(tally, [...shards, ...shards])).toEqual(merged)
    }),
  )
})

test('merging states is idempotent, commutative and associative', () => {
  fc.assert(
    fc.property(status, status, status, (a, b, c) => {
      expect(mergeStatus(a, a)).toEqual(a)
      expect(mergeStatus(a, b)).toEqual(mergeStatus(b, a))
      expect(mergeStatus(mergeStatus(a, b), c)).toEqual(mergeStatus(a, mergeStatus(b, c)))
    }),
  )
})

test('an operation never goes back', () => {
  const done = { phase: 'Completed', nCompleted: 5 } as const
  expect(mergeStatus({ phase: 'InProgress', nCompleted: 9 }, done)).toBe(done)
  const failed = { phase: 'Failed', error: 'late' } as const
  expect(mergeStatus(done, failed)).toBe(failed)
})

test('operations come in the order of their items', () => {
  expect(mergeOperations(tally, []).map(({ spec }) => spec.operationID)).toEqual(['constructor', 'one', 'two'])
})

test('an operation that no shard knows stands as it was begun', () => {
  expect(mergeOperations(tally, [{ one: { phase: 'Completed' } }])[2]?.status).toEqual(anOperation('two').status)
})

const mixed = [
  anOperation('a', { phase: 'Completed' }),
  anOperation('b', { phase: 'Failed', error: 'full' }),
  anOperation('c', { phase: 'InProgress', description: 'InProgress', nCompleted: 1, nTotal: 4 }),
  anOperation('d'),
]

test('the counts are those of Velero, and what is left', () => {
  expect(countOperations(mixed)).toEqual({ attempted: 4, completed: 1, failed: 1, unfinished: 2 })
})

test('only failed operations add to the results, each once', () => {
  const outcomes = operationOutcomes(mixed, tallyOf([]))
  expect(outcomes.flatMap(({ messages }) => messages)).toEqual([
    { severity: 'error', scope: 'velero', text: 'error from restore item operation: full' },
  ])
  expect(tallyOf([...outcomes, ...operationOutcomes(mixed, tallyOf([]))]).size).toBe(1)
})

test('the waiting is told with names and figures', () => {
  expect(operationProgress(mixed)).toBe('2 of 4 operations: app/c (InProgress 1 of 4 bytes), app/d (not begun)')
  const many = ['a', 'b', 'c', 'd', 'e'].map((id) => anOperation(id))
  expect(operationProgress(many)).toMatch(/, 2 more$/)
})

test('an operation that was brought in as failed has been told already', () => {
  const inherited = tallyOf([anOutcome(anOperation('b', { phase: 'Failed', error: 'full' }))])
  expect(operationOutcomes(mixed, inherited)).toEqual([])
})
