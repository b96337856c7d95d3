import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { error } from '../../../core/items/outcome.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import { byTimeInSteps, PackedTally } from '../../../core/results/packed-tally.ts'
import { tallyOf } from '../../../core/results/tally.ts'
import { finish } from '../../../core/values/slices.ts'

const name = fc.oneof(fc.constantFrom('a', 'b', 'a|b', '', 'x\0y', 'Ä𝔸'), fc.string({ maxLength: 3 }))

/** Outcomes as activities make them, and others: names that do not fit, steps, messages, fields of their own. */
const outcomes: fc.Arbitrary<Outcome[]> = fc.array(
  fc
    .record({
      groupResource: fc.constantFrom('pods', 'secrets'),
      namespace: fc.constantFrom('', 'shop', 'team'),
      name,
      other: name,
      isStep: fc.boolean(),
      at: fc.constantFrom('2026-11-28T22:16:00Z', '2026-11-28T22:16:01Z', '2026-11-28T22:15:00Z'),
      extra: fc.constantFrom({}, { because: 'it is there' }, { tries: 2 }, { messages: [error('cluster', 'no')] }),
      uid: fc.option(fc.uuid(), { nil: undefined }),
      version: fc.constantFrom(undefined, '17', ''),
      action: fc.constantFrom('created', 'updated', 'skipped', 'failed', undefined),
      listed: fc.boolean(),
      odd: fc.nat(9),
    })
    .map(({ groupResource, namespace, name, other, isStep, at, extra, uid, version, action, listed, odd }): Outcome => {
      const said = odd === 0 ? other : name
      const place = namespace === '' ? {} : { namespace }
      return {
        key: isStep && odd < 3 ? `finalize/${name.replaceAll('|', '')}` : `${groupResource}|${namespace}|${name}`,
        ...(action === undefined ? {} : { action }),
        ...(listed ? { listed: { kind: 'v1/Pod', name: `${namespace}/${said}` } } : {}),
        ...(uid === undefined
          ? {}
          : { object: { group: '', version: 'v1', resource: groupResource, ...place, name: said, uid } }),
        ...(version === undefined ? {} : { version }),
        messages: [],
        at,
        ...extra,
      }
    }),
  { maxLength: 40 },
)

it('holds what a tally of the same outcomes holds, whatever they are and however often they come', () => {
  fc.assert(
    fc.property(outcomes, fc.string(), (all, other) => {
      const [packed, wanted] = [new PackedTally(all), tallyOf(all)]
      expect([...packed]).toEqual([...wanted])
      expect([...packed.keys()]).toEqual([...wanted.keys()])
      expect(packed.size).toBe(wanted.size)
      for (const key of [...wanted.keys(), other, 'pods|shop|a']) {
        expect(packed.get(key)).toEqual(wanted.get(key))
        expect(packed.has(key)).toBe(wanted.has(key))
      }
    }),
    { numRuns: 500 },
  )
})

it('sorts outcomes by time and then by key', () => {
  const order = (a: Outcome, b: Outcome) => (a.at < b.at || (a.at === b.at && a.key < b.key) ? -1 : 1)
  fc.assert(
    fc.property(outcomes, (all) => {
      expect([...finish(byTimeInSteps(tallyOf(all)))]).toEqual([...tallyOf(all).values()].toSorted(order))
    }),
  )
})

it('finds each of thousands of outcomes, also those that came twice', () => {
  const made = Array.from({ length: 5000 }, (_, n): Outcome => {
    const object = {
      group: '',
      version: 'v1',
      resource: 'secrets',
      namespace: 'shop',
      name: `item-${n}`,
      uid: `uid-${n}`,
    }
    const listed = { kind: 'v1/Secret', name: `shop/item-${n}` }
    return {
      key: `secrets|shop|item-${n}`,
      action: 'created',
      listed,
      object,
      messages: [],
      at: '2026-11-28T22:16:00Z',
    }
  })
  const skipped = made.slice(1000, 2000).map((one): Outcome => ({ ...one, action: 'skipped' }))
  const failed: Outcome = { key: 'secrets|shop|item-7000', action: 'failed', messages: [], at: '2026-11-28T22:16:00Z' }
  const packed = new PackedTally([...skipped, failed, ...made, ...skipped, { ...failed, action: 'updated' }])
  expect(packed.size).toBe(5001)
  expect(made.map(({ key }) => packed.get(key))).toEqual(made)
  expect(packed.get(failed.key)?.action).toBe('updated')
})
