import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { error, itemKey, warning } from '../../../core/items/outcome.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import { countOutcomes, mergeTallies, tallyOf } from '../../../core/results/tally.ts'
import { renderResults } from '../../../core/results/render-results.ts'
import type { Tally } from '../../../core/results/tally.ts'
import { countMessages } from '../../../velero/results.ts'

const message = fc.oneof(
  fc.constantFrom('one', 'two').map((text) => error('velero', text)),
  fc.constantFrom('one', 'two').map((text) => warning('cluster', text)),
  fc.constantFrom('a', 'b').map((ns) => error(`namespace:${ns}`, 'three')),
)
const outcome: fc.Arbitrary<Outcome> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    action: fc.constantFrom('created', 'updated', 'skipped', 'failed', undefined),
    messages: fc.array(message, { maxLength: 3 }),
    at: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'),
    turned: fc.boolean(),
  })
  .map(({ name, action, messages, at, turned }) => {
    const key = itemKey({ groupResource: 'pods', namespace: 'shop', name })
    const listed = { kind: 'v1/Pod', name: `shop/${name}` }
    const head = action === undefined ? {} : { action }
    return turned ? { at, messages, listed, ...head, key } : { key, ...head, listed, messages, at }
  })
const outcomes = fc.array(outcome, { maxLength: 12 })
function same(a: Tally, b: Tally): void {
  expect(Object.fromEntries(a)).toEqual(Object.fromEntries(b))
}

describe('merging tallies', () => {
  it('is idempotent: what is reported twice changes nothing', () => {
    fc.assert(fc.property(outcomes, (list) => same(mergeTallies(tallyOf(list), tallyOf(list)), tallyOf(list))))
  })

  it('is commutative: the order of reports does not matter', () => {
    fc.assert(
      fc.property(outcomes, outcomes, (a, b) =>
        same(mergeTallies(tallyOf(a), tallyOf(b)), mergeTallies(tallyOf(b), tallyOf(a))),
      ),
    )
  })

  it('is associative: it does not matter what is merged first', () => {
    fc.assert(
      fc.property(outcomes, outcomes, outcomes, (x, y, z) => {
        const [a, b, c] = [tallyOf(x), tallyOf(y), tallyOf(z)]
        same(mergeTallies(mergeTallies(a, b), c), mergeTallies(a, mergeTallies(b, c)))
      }),
    )
  })

  it('with nothing changes nothing', () => {
    fc.assert(fc.property(outcomes, (list) => same(mergeTallies(tallyOf(list), tallyOf([])), tallyOf(list))))
  })

  it('never unsays that an item was created', () => {
    fc.assert(
      fc.property(outcomes, outcome, (list, made) => {
        const tally = tallyOf([...list, { ...made, action: 'created' }])
        expect(tally.get(made.key)?.action).toBe('created')
      }),
    )
  })

  it.each([
    ['created', 'updated'],
    ['updated', 'failed'],
    ['failed', 'skipped'],
    ['skipped', undefined],
  ] as const)('prefers %s to %s', (better, worse) => {
    const of = (action: Outcome['action']): Outcome => ({
      key: 'k',
      ...(action === undefined ? {} : { action }),
      messages: [],
      at: 't',
    })
    expect(tallyOf([of(worse), of(better)]).get('k')?.action).toBe(better)
    expect(tallyOf([of(better), of(worse)]).get('k')?.action).toBe(better)
  })
})

describe('counts', () => {
  it('are the same for reports in any order and number', () => {
    fc.assert(
      fc.property(outcomes, fc.array(fc.nat(20)), (list, again) => {
        const repeated = [...list, ...again.map((index) => list[index]).filter((one) => one !== undefined)].reverse()
        expect(countOutcomes(tallyOf(repeated))).toEqual(countOutcomes(tallyOf(list)))
      }),
    )
  })

  it('equal the messages in the results file', () => {
    fc.assert(
      fc.property(outcomes, (list) => {
        const tally = tallyOf(list)
        const { warnings, errors } = countOutcomes(tally)
        const results = renderResults(tally)
        expect([countMessages(results.warnings), countMessages(results.errors)]).toEqual([warnings, errors])
      }),
    )
  })

  it('of a tally by hand', () => {
    const made = { key: 'a', action: 'created', listed: { kind: 'k', name: 'n' }, messages: [], at: 't' } as const
    const failed: Outcome = {
      ...made,
      key: 'b',
      action: 'failed',
      messages: [error('velero', 'x'), warning('cluster', 'y')],
    }
    const begun = { ...made, key: 'c', operation: {} as NonNullable<Outcome['operation']> }
    const omitted: Outcome = { key: 'd', messages: [], at: 't' }
    const tally = tallyOf([made, failed, begun, omitted, begun])
    expect(countOutcomes(tally)).toEqual({
      items: 4,
      listed: 3,
      created: 2,
      updated: 0,
      skipped: 0,
      failed: 1,
      warnings: 1,
      errors: 1,
      operations: 1,
    })
    expect(countOutcomes(tally).listed).toBe(3)
  })
})
