import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonInPieces, parseJsonInSteps } from '../../../core/values/json-in-pieces.ts'
import { finish, forEachInSteps, sortInSteps } from '../../../core/values/slices.ts'

const many = Array.from({ length: 10_000 }, (_, index) => ({ value: (index * 7919) % 1000, index }))

function countPauses(steps: Generator<unknown>): number {
  let pauses = 0
  for (const _ of steps) pauses++
  return pauses
}

describe('a computation in steps', () => {
  it('sorts as toSorted does, equal items in their order', () => {
    const byValue = (a: { value: number }, b: { value: number }) => a.value - b.value
    expect(finish(sortInSteps(many, byValue))).toEqual(many.toSorted(byValue))
    expect(finish(sortInSteps([], byValue))).toEqual([])
    expect(countPauses(sortInSteps(many, byValue))).toBeGreaterThan(10)
  })

  it('goes over all items, with pauses', () => {
    const seen: number[] = []
    expect(countPauses(forEachInSteps(many, (_, index) => void seen.push(index)))).toBeGreaterThan(10)
    expect(seen).toEqual(many.map(({ index }) => index))
  })
})

describe('JSON in pieces', () => {
  it('is the text of JSON.stringify, and is read back as by JSON.parse', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.boolean(), (value, spaced) => {
        const text = JSON.stringify(value, null, spaced ? 2 : 0)
        expect([...jsonInPieces(value)].join('')).toBe(JSON.stringify(value))
        expect(finish(parseJsonInSteps(text))).toEqual(JSON.parse(text))
      }),
    )
  })

  it('leaves out what is undefined', () => {
    const value = { a: undefined, b: [undefined, 1], c: { d: undefined }, e: undefined }
    expect([...jsonInPieces(value)].join('')).toBe(JSON.stringify(value))
  })

  it('of a large value has many pieces, and is read with pauses', () => {
    const pieces = [...jsonInPieces(many.map((one) => ({ ...one, text: '"x\\'.repeat(10) })))]
    expect(pieces.length).toBeGreaterThan(5)
    expect(countPauses(parseJsonInSteps(pieces.join('')))).toBeGreaterThan(5)
  })

  it.each(['', '{', '[1', '[1,]', '[1 2]', '{"a"}', '{"a":}', '{a:1}', '"x', '[]]', 'nul', '{"a":1,}', ',', '[,]'])(
    'is refused where it is none: %s',
    (text) => {
      expect(() => finish(parseJsonInSteps(text))).toThrow(SyntaxError)
    },
  )
})
