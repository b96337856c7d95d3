import { describe, expect, it } from 'vitest'
import { faultInWords } from '../../../core/items/item-trouble.ts'

const caught = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (thrown) {
    return thrown
  }
}
const nothing: any = null
const itself = (): number => 1 + itself()
const field = (name: string) => `there is null or nothing where Drydock looks for "${name}"`

describe('what a manifest has done to the program', () => {
  it.each([
    ['a field of null', caught(() => nothing.length), field('length')],
    ['a field of nothing', caught(() => nothing?.a.b ?? (undefined as any).namespace), field('namespace')],
    ['a key of null', caught(() => 'app/name' in nothing), field('app/name')],
    ['parts of null', caught(() => (({ uid }: any) => uid)(nothing)), field('uid')],
    ['a call', caught(() => (7 as any).map(String)), 'a field holds a value of another type than expected'],
    ['a list', caught(() => [...(7 as any)]), expect.stringContaining('another type')],
    ['depth', caught(itself), 'it is nested too deep'],
    ['the keys of null', caught(() => Object.keys(nothing)), 'a field holds a value of another type than expected'],
    ['a field set in null', caught(() => (nothing.name = 1)), field('name')],
    ['others', new Error('a fault\n  at a place'), 'a fault'],
  ])('is told in words: %s', (_what, thrown, words) => {
    expect(faultInWords(thrown)).toEqual(words)
  })
})
