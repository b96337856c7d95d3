import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { itemKey } from '../../../core/items/outcome.ts'
import { cutChunks, makePlan } from '../../../core/plan/make-plan.ts'
import type { PlanInput } from '../../../core/plan/make-plan.ts'
import { chunkKey, summarize } from '../../../core/plan/plan.ts'
import type { Plan, PlannedItem } from '../../../core/plan/plan.ts'
import type { PlaceableItem } from '../../../core/plan/place-items.ts'

const definitions = 'customresourcedefinitions.apiextensions.k8s.io'
const item = (groupResource: string, name: string, namespace?: string): PlaceableItem => ({
  groupResource,
  ...(namespace === undefined ? {} : { namespace }),
  name,
  before: [],
})

function planOf(items: readonly PlaceableItem[], more: Partial<PlanInput> = {}): Plan {
  return makePlan({
    etag: 'e',
    items,
    order: [definitions, 'persistentvolumes', 'secrets', 'pods'],
    namespaceMapping: undefined,
    sizeOf: () => 10,
    bounds: { itemsMax: 100, bytesMax: 1000, lanes: 4 },
    provisioned: [],
    leftOut: {},
    notes: [],
    ...more,
  })
}

const shown = (plan: Plan) =>
  plan.waves.map((wave) => [wave.groupResource, wave.chunks.map((chunk) => chunk.items.map(({ name }) => name))])

const someItems = fc
  .uniqueArray(
    fc.record({
      groupResource: fc.constantFrom('secrets', 'pods', 'zoo', 'persistentvolumes', definitions),
      name: fc.stringMatching(/^[a-c]{1,3}$/),
      namespace: fc.constantFrom('a', 'b', 'constructor', undefined),
    }),
    { selector: (one) => `${one.groupResource}|${one.namespace}|${one.name}` },
  )
  .map((drafts) => drafts.map((one) => item(one.groupResource, one.name, one.namespace)))

describe('a plan', () => {
  it('ensures all target namespaces in one wave right after the definitions of custom resources', () => {
    const items = [
      item('pods', 'p', 'b'),
      item(definitions, 'd'),
      item('persistentvolumes', 'pv'),
      item('secrets', 's', 'a'),
    ]
    expect(shown(planOf(items))).toEqual([
      [definitions, [['d']]],
      ['namespaces', [['a', 'b']]],
      ['persistentvolumes', [['pv']]],
      ['secrets', [['s']]],
      ['pods', [['p']]],
    ])
  })

  it('ensures namespaces that were selected themselves, though nothing goes into them', () => {
    expect(shown(planOf([item('namespaces', 'empty')]))).toEqual([['namespaces', [['empty']]]])
  })

  it('has no wave of namespaces where nothing needs one', () => {
    expect(shown(planOf([item('persistentvolumes', 'pv')]))).toEqual([['persistentvolumes', [['pv']]]])
    expect(planOf([]).waves).toEqual([])
  })

  it('maps namespaces; the first of several that go into one gives it its form', () => {
    const items = [item('pods', 'p', 'b'), item('pods', 'p', 'a'), item('pods', 'q', 'c')]
    const { waves } = planOf(items, { namespaceMapping: { a: 'x', b: 'x' } })
    expect(waves[0]?.chunks[0]?.items).toEqual([
      { name: 'a', target: 'x', sources: 0 },
      { name: 'c', target: 'c', sources: 0 },
    ])
    expect(waves[1]?.chunks[0]?.items.map(({ namespace, target }) => `${namespace}>${target}`)).toEqual([
      'b>x',
      'a>x',
      'c>c',
    ])
  })

  it('is not confused by a namespace called like a field of every object', () => {
    const { waves } = planOf([item('pods', 'p', 'constructor')], { namespaceMapping: {} })
    expect(waves.map((wave) => wave.chunks[0]?.items[0]?.target)).toEqual(['constructor', 'constructor'])
  })

  it('holds addresses and marks, and nothing that was only needed to make it', () => {
    const made = planOf([{ ...item('pods', 'p', 'a'), version: 'v1', additional: true, before: ['x'] }])
    expect(made.waves[1]?.chunks[0]?.items).toEqual([
      { namespace: 'a', name: 'p', target: 'a', version: 'v1', additional: true },
    ])
  })

  it('has each item in exactly one chunk', () => {
    fc.assert(
      fc.property(someItems, (items) => {
        const planned = planOf(items, { bounds: { itemsMax: 2, bytesMax: 1000, lanes: 4 } })
          .waves.filter((wave) => wave.groupResource !== 'namespaces')
          .flatMap((wave) =>
            wave.chunks.flatMap((chunk) =>
              chunk.items.map((one) => itemKey({ ...one, groupResource: wave.groupResource })),
            ),
          )
        expect(planned.sort()).toEqual(items.map(itemKey).sort())
      }),
    )
  })

  it('ensures each target namespace once, before anything goes into it', () => {
    fc.assert(
      fc.property(someItems, (items) => {
        const { waves } = planOf(items, { namespaceMapping: { a: 'b' } })
        const targets = items.flatMap(({ namespace }) =>
          namespace === undefined ? [] : [namespace === 'a' ? 'b' : namespace],
        )
        const ensured = waves
          .filter((wave) => wave.groupResource === 'namespaces')
          .flatMap((wave) => wave.chunks.flatMap((chunk) => chunk.items.map(({ target }) => target)))
        expect([...ensured].toSorted(byText)).toEqual([...new Set(targets)].toSorted(byText))
        const at = waves.findIndex((wave) => wave.groupResource === 'namespaces')
        const earlier = waves.slice(0, Math.max(at, 0))
        expect(earlier.every((wave) => wave.groupResource === definitions)).toBe(true)
      }),
    )
  })

  it('is the same for the same input', () => {
    fc.assert(
      fc.property(someItems, (items) => {
        expect(planOf(structuredClone(items))).toEqual(planOf(items))
      }),
    )
  })
})

describe('chunks', () => {
  const sized = fc
    .array(fc.record({ sizeBytes: fc.nat(50) }))
    .map((drafts) =>
      drafts.map(({ sizeBytes }, at): PlannedItem & { sizeBytes: number } => ({ name: `i${at}`, sizeBytes })),
    )

  it('keep the order and hold no more items or bytes than they may, but for an item that is larger alone', () => {
    fc.assert(
      fc.property(
        sized,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 60 }),
        (items, itemsMax, bytesMax) => {
          const chunks = cutChunks(items, { itemsMax, bytesMax, lanes: 4 })
          expect(chunks.flatMap((chunk) => chunk.items.map(({ name }) => name))).toEqual(items.map(({ name }) => name))
          const sizes = new Map(items.map(({ name, sizeBytes }) => [name, sizeBytes]))
          for (const chunk of chunks) {
            const bytes = chunk.items.reduce((sum, { name }) => sum + (sizes.get(name) ?? 0), 0)
            expect(chunk.items.length).toBeGreaterThan(0)
            expect(chunk.items.length).toBeLessThanOrEqual(itemsMax)
            if (chunk.items.length > 1) expect(bytes).toBeLessThanOrEqual(bytesMax)
          }
        },
      ),
    )
  })

  it('are equal, and none runs alone after rounds of four', () => {
    const sizes = (count: number) =>
      cutChunks(
        Array.from({ length: count }, (_, at) => ({ name: `i${at}`, sizeBytes: 1 })),
        { itemsMax: 500, bytesMax: 1e6, lanes: 4 },
      ).map((chunk) => chunk.items.length)
    expect(sizes(500)).toEqual([500])
    expect(sizes(501)).toEqual([251, 250])
    expect(sizes(1201)).toEqual([401, 401, 399])
    expect(sizes(2501)).toEqual([313, 313, 313, 313, 313, 313, 313, 310])
    expect(sizes(4000)).toEqual(Array.from({ length: 8 }, () => 500))
  })

  it('are filled before the next is begun', () => {
    const items = Array.from({ length: 5 }, (_, at) => ({ name: `i${at}`, sizeBytes: 1 }))
    expect(cutChunks(items, { itemsMax: 2, bytesMax: 100, lanes: 4 }).map((chunk) => chunk.items.length)).toEqual([
      2, 2, 1,
    ])
    expect(cutChunks(items, { itemsMax: 9, bytesMax: 3, lanes: 4 }).map((chunk) => chunk.items.length)).toEqual([3, 2])
  })
})

describe('the summary of a plan', () => {
  it('counts items, those to be ensured too', () => {
    const plan = planOf([item('pods', 'p', 'a'), item('pods', 'q', 'a'), item('pods', 'r', 'a')], {
      bounds: { itemsMax: 2, bytesMax: 100, lanes: 4 },
    })
    expect(summarize(plan)).toEqual({
      items: 4,
      waves: [
        { groupResource: 'namespaces', items: 1, chunks: [1] },
        { groupResource: 'pods', items: 3, chunks: [2, 1] },
      ],
    })
  })

  it('of 500 chunks stays under 64 KB', () => {
    const items = Array.from({ length: 10_000 }, (_, at) => item('configmaps', `name-${at}`, 'a'))
    const plan = planOf(items, { bounds: { itemsMax: 20, bytesMax: 1e9, lanes: 4 } })
    expect(plan.waves[1]?.chunks).toHaveLength(500)
    expect(JSON.stringify(summarize(plan)).length).toBeLessThan(64 * 1024)
  })

  it('names chunks by their place, so that the names sort', () => {
    expect(chunkKey(2, 13)).toBe('wave-002/chunk-00013')
  })
})

function byText(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0
}
