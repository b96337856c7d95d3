import { describe, expect, it } from 'vitest'
import { isWait } from '../../contract/look.ts'

describe('the report of a look', () => {
  it('is a wait where it says for what, and until when', () => {
    expect(isWait({ waitingFor: 'a namespace', afterSeconds: 2 })).toBe(true)
  })

  it.each([null, undefined, false, 'x', 1, [], {}, { waitingFor: {}, afterSeconds: 1 }, { waitingFor: 'x' }])(
    'is none where it is %j',
    (report) => expect(isWait(report as object)).toBe(false),
  )
})
