import { describe, expect, it } from 'vitest'
import { restoresScreen } from '../../../client/show/restores-screen.ts'

const state = { over: false, itemsDone: 0, itemsTotal: 0, warnings: 0, errors: 0 }
const shown = [
  {
    namespace: 'velero',
    state: { ...state, name: 'b', phase: 'Completed' as const, over: true },
    rate: { itemsPerSecond: 3 },
  },
  {
    namespace: 'velero',
    state: { ...state, name: 'a', phase: 'InProgress' as const, itemsDone: 50, itemsTotal: 200, errors: 2 },
    rate: { itemsPerSecond: 25, secondsLeft: 6 },
  },
  {
    namespace: 'backup',
    state: { ...state, name: 'c', phase: 'InProgress' as const, waitingFor: 'its turn' },
    rate: { itemsPerSecond: 0 },
  },
]

describe('a screen of restores', () => {
  it('has those that go on first, by namespace and name', () => {
    expect(
      restoresScreen(shown)
        .split('\n')
        .map((line) => line.replaceAll(/ +/g, ' ').trim()),
    ).toEqual([
      'NAMESPACE NAME PHASE ITEMS DONE RATE LEFT ERRORS WAITING FOR',
      'backup c InProgress 0 its turn',
      'velero a InProgress 50/200 25% 25/s 6 s 2',
      'velero b Completed 0',
    ])
  })

  it('leaves out columns at the right of a narrow terminal', () => {
    expect(
      restoresScreen(shown, 40)
        .split('\n')
        .every((line) => line.length <= 40),
    ).toBe(true)
  })

  it('says that there is none', () => expect(restoresScreen([])).toBe('There is no restore that goes on'))
})
