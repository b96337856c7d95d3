import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ascendingPartsInSteps } from '../../../core/values/ascending-parts.ts'
import { finish } from '../../../core/values/slices.ts'

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

describe('numbers in ascending parts', () => {
  it('are all there, and sorted part by part they are sorted', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 })), fc.integer({ min: 1, max: 20 }), (texts, length) => {
        const textOf = (number: number) => texts[number] ?? ''
        const parts = finish(ascendingPartsInSteps([...texts.keys()], textOf, length))
        expect(parts.flatMap((part) => [...part]).toSorted((a, b) => a - b)).toEqual([...texts.keys()])
        expect(parts.flatMap((part) => Array.from(part, textOf).sort(byText))).toEqual(texts.toSorted(byText))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['in their order', (index: number) => index],
    ['backwards', (index: number) => 99_999 - index],
    ['mixed', (index: number) => (index * 7919) % 100_000],
  ])('come in many short parts, with pauses: %s', (_, order) => {
    const steps = ascendingPartsInSteps([...Array(100_000).keys()], (index) => String(order(index)).padStart(5, '0'))
    let pauses = 0
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) pauses++
    expect(pauses).toBeGreaterThan(100)
    expect(Math.max(...step.value.map((part) => part.length))).toBeLessThan(10_000)
    expect(step.value.length).toBeGreaterThan(10)
  })

  it('that have one text are in one part', () => {
    const parts = finish(ascendingPartsInSteps([...Array(50_000).keys()], () => 'same'))
    expect(parts.map((part) => part.length).filter((length) => length > 0)).toEqual([50_000])
  })
})
