import { describe, expect, it } from 'vitest'
import { followWaits } from '../../../velero-server/decide/long-waits.ts'
import type { SeenWait } from '../../../velero-server/decide/long-waits.ts'

const told = (looks: { at: number; waits: { step: string; reason: string }[] }[]) => {
  let known: SeenWait[] = []
  return looks.map(({ at, waits }) => {
    const followed = followWaits(known, waits, at * 1000)
    known = followed.known
    return followed.tell.map(({ reason }) => reason)
  })
}
const wait = (reason: string, step = '1') => ({ step, reason })

describe('waits that people are told of', () => {
  it('are those longer than a minute, each once', () => {
    const looks = [0, 30, 60, 90, 200].map((at) => ({ at, waits: [wait('the bucket')] }))
    expect(told(looks)).toEqual([[], [], ['the bucket'], [], []])
  })

  it('go on where only numbers in them change', () => {
    const looks = [0, 30, 60].map((at) => ({ at, waits: [wait(`the Lease: ${100 - at} s left`)] }))
    expect(told(looks)).toEqual([[], [], ['the Lease: 40 s left']])
  })

  it('begin anew where the reason changes, or after a look without them', () => {
    expect(
      told([
        { at: 0, waits: [wait('a')] },
        { at: 61, waits: [wait('b')] },
      ]),
    ).toEqual([[], []])
    expect(
      told([
        { at: 0, waits: [wait('a')] },
        { at: 40, waits: [] },
        { at: 70, waits: [wait('a')] },
      ]),
    ).toEqual([[], [], []])
  })

  it('are told apart by their steps', () => {
    const both = [wait('a', '1'), wait('a', '2')]
    expect(
      told([
        { at: 0, waits: [wait('a', '1')] },
        { at: 40, waits: both },
        { at: 65, waits: both },
      ]),
    ).toEqual([[], [], ['a']])
  })
})
