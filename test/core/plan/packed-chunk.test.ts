import { describe, expect, it } from 'vitest'
import { packChunk, packIfChunk } from '../../../core/plan/packed-chunk.ts'
import type { PlannedItem } from '../../../core/plan/plan.ts'
import { jsonInPieces, parseJsonInSteps } from '../../../core/values/json-in-pieces.ts'
import { finish } from '../../../core/values/slices.ts'

const items: PlannedItem[] = [
  { namespace: 'shop', target: 'shop', name: 'a' },
  { namespace: 'shop', target: 'shop', name: 'b', additional: true },
  { namespace: 'team', target: 'new', name: 'Ä"\\', version: 'v1' },
  { name: 'c', target: 'c', sources: 2 },
  { namespace: 'shop', target: 'shop', name: 'd', twinOf: 'team' },
]

/** Its items are made when they are asked for. */
const isPacked = (chunk: object) => Object.getOwnPropertyDescriptor(chunk, 'items')?.value === undefined

describe('a packed chunk', () => {
  it('has the same items each time, and is stored as any other chunk', () => {
    const packed = packChunk({ items })
    expect(packed.items).toEqual(items)
    expect(packed.items).toEqual(items)
    expect(JSON.stringify(packed)).toBe(JSON.stringify({ items: packed.items }))
    expect(JSON.parse([...jsonInPieces({ chunks: [packed] })].join(''))).toEqual({ chunks: [{ items }] })
  })

  it('holds no item as a value', () => {
    expect(packChunk({ items })).toSatisfy(isPacked)
  })

  it('is any list of items, also one that cannot be packed', () => {
    for (const odd of [[], [{ name: 'a\0b' }], [{ name: '' }], [{ name: '' }, { name: '' }]])
      expect(packChunk({ items: odd }).items).toEqual(odd)
  })

  it('is made while a stored plan is read', () => {
    const shard = {
      header: { uid: 'u' },
      content: { waves: [{ groupResource: 'pods', chunks: [{ items }] }], notes: [] },
    }
    const read = finish(parseJsonInSteps(JSON.stringify(shard), packIfChunk)) as typeof shard
    expect(read).toEqual(shard)
    expect(read.content.waves[0]?.chunks[0]).toSatisfy(isPacked)
  })
})
