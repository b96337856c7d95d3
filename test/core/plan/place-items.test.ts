import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { itemKey } from '../../../core/items/outcome.ts'
import { placeItems } from '../../../core/plan/place-items.ts'
import type { PlaceableItem } from '../../../core/plan/place-items.ts'

const order = ['secrets', 'configmaps', 'pods']
const item = (groupResource: string, name: string, ...before: PlaceableItem[]): PlaceableItem => ({
  groupResource,
  namespace: 'shop',
  name,
  before: before.map(itemKey),
})
const shown = (items: readonly PlaceableItem[]) =>
  placeItems(items, order).map((wave) => `${wave.groupResource}: ${wave.items.map(({ name }) => name).join(' ')}`)

/** Items of random resources; each may want items that come later in the list, so that nothing wants itself in a circle. */
const acyclic = fc
  .array(fc.record({ resource: fc.nat(4), wants: fc.array(fc.nat(30), { maxLength: 4 }) }), { maxLength: 30 })
  .map((drafts) => {
    const items: PlaceableItem[] = []
    for (const [at, { resource, wants }] of [...drafts.entries()].reverse()) {
      const before = [...new Set(wants)].map((step) => items[step]).filter((one) => one !== undefined)
      items.unshift(item(['secrets', 'configmaps', 'pods', 'others', 'more'][resource] ?? 'pods', `i${at}`, ...before))
    }
    return items
  })

/** The place of each item in the order of waves. */
function wavesOf(items: readonly PlaceableItem[]): Map<string, number> {
  const places = new Map<string, number>()
  placeItems(items, order).forEach((wave, index) => wave.items.forEach((one) => places.set(itemKey(one), index)))
  return places
}

describe('placing items into waves', () => {
  it('follows the order of resources; those it does not name come last', () => {
    expect(shown([item('pods', 'p'), item('zoo', 'z'), item('secrets', 's'), item('apples', 'a')])).toEqual([
      'secrets: s',
      'pods: p',
      'apples: a',
      'zoo: z',
    ])
  })

  it('pulls a wanted item to just before its parent, and what that wants before it', () => {
    const deep = item('zoo', 'deep')
    const wanted = item('pods', 'wanted', deep)
    const parent = item('configmaps', 'parent', wanted)
    expect(shown([parent, item('configmaps', 'b'), wanted, deep, item('pods', 'c'), item('secrets', 's')])).toEqual([
      'secrets: s',
      'zoo: deep',
      'pods: wanted',
      'configmaps: parent b',
      'pods: c',
    ])
  })

  it('leaves a wanted item alone that comes earlier anyway', () => {
    const wanted = item('secrets', 's')
    expect(shown([item('pods', 'p', wanted), wanted])).toEqual(['secrets: s', 'pods: p'])
  })

  it('puts a wanted item of the same resource into an earlier wave', () => {
    const wanted = item('pods', 'a')
    expect(shown([item('pods', 'b', wanted), wanted])).toEqual(['pods: a', 'pods: b'])
  })

  it('does not care for wanted items that are not there, nor for an item that wants itself', () => {
    const self = { ...item('pods', 'p'), before: ['pods|shop|p', 'pods|shop|none'] }
    expect(shown([self])).toEqual(['pods: p'])
  })

  it('ends for items that want each other, each once', () => {
    const ring = ['a', 'b', 'c'].map((name, index) => ({
      ...item('pods', name),
      before: [`pods|shop|${'bca'[index]}`],
    }))
    const placed = placeItems(ring, order).flatMap((wave) => wave.items.map(({ name }) => name))
    expect(placed.sort()).toEqual(['a', 'b', 'c'])
  })

  it('ends soon for dozens of items that all want each other', () => {
    const keys = Array.from({ length: 60 }, (_, index) => `pods|shop|p${index}`)
    const all = keys.map((_, index) => ({ ...item('pods', `p${index}`), before: keys }))
    expect(placeItems(all, order).flatMap((wave) => wave.items)).toHaveLength(60)
  })

  it('keeps a chain as deep as the plan follows one: 32 items', () => {
    const chain: PlaceableItem[] = []
    for (let depth = 0; depth <= 32; depth++) chain.unshift(item('secrets', `d${depth}`, ...chain.slice(0, 1)))
    const waves = wavesOf(chain)
    const places = chain.map((one) => waves.get(itemKey(one)) ?? -1)
    expect(places).toEqual([...places].sort((a, b) => b - a))
    expect(new Set(places).size).toBe(33)
  })

  it('puts every item into exactly one wave, whatever wants whatever', () => {
    const tangled = fc.array(fc.record({ resource: fc.nat(2), wants: fc.array(fc.nat(15)) }), { maxLength: 15 })
    fc.assert(
      fc.property(tangled, (drafts) => {
        const bare = drafts.map(({ resource }, at) => item(order[resource] ?? 'pods', `i${at}`))
        const keys = bare.map(itemKey)
        const items = bare.map((one, at) => ({
          ...one,
          before: (drafts[at]?.wants ?? []).map((index) => keys[index] ?? 'none'),
        }))
        const placed = placeItems(items, order).flatMap((wave) => wave.items.map(itemKey))
        expect(placed.sort()).toEqual([...keys].sort())
      }),
    )
  })

  it('restores each wanted item in an earlier wave than whoever wants it (rule 11)', () => {
    fc.assert(
      fc.property(acyclic, (items) => {
        const waves = wavesOf(items)
        for (const one of items) {
          for (const wanted of one.before) expect(waves.get(wanted)).toBeLessThan(waves.get(itemKey(one)) ?? -1)
        }
      }),
    )
  })

  it('holds items of one resource in each wave', () => {
    fc.assert(
      fc.property(acyclic, (items) => {
        for (const wave of placeItems(items, order)) {
          expect(new Set(wave.items.map((one) => one.groupResource))).toEqual(new Set([wave.groupResource]))
        }
      }),
    )
  })
})
