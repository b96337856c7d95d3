import { describe, expect, it } from 'vitest'
import { choose, readExpected } from './choose.ts'

const expected = readExpected()
const specsOf = (choices: ReturnType<typeof choose>) => choices.flatMap(({ specs }) => specs)

describe('the specs of the suite', () => {
  it('are 59, of which 16 are quick and in one group', () => {
    expect(expected).toHaveLength(59)
    expect(choose(expected, { all: false }).map(({ name, specs }) => [name, specs.length])).toEqual([['objects', 16]])
  })

  it('run all but those that cannot run here', () => {
    const cannot = expected.filter((entry) => 'cannot' in entry)
    expect(specsOf(choose(expected, { all: true }))).toHaveLength(expected.length - cannot.length)
  })

  it('are chosen by a pattern, quick or not', () => {
    const chosen = specsOf(choose(expected, { all: false, focus: /^Schedule / }))
    expect(chosen).toHaveLength(3)
    expect(chosen.every((spec) => spec.startsWith('Schedule '))).toBe(true)
  })
})
