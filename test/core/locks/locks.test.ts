import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  dropPresumed,
  grantLocks,
  inheritLocks,
  isLockRequest,
  releaseLocks,
  requestLocks,
  waitingMax,
} from '../../../core/locks/change-locks.ts'
import { decideGrants, targetNamespaces } from '../../../core/locks/decide-grants.ts'
import { judgeHold } from '../../../core/locks/judge-hold.ts'
import type { Locks } from '../../../core/locks/decide-grants.ts'
import { asks } from './asks.ts'

const none: Locks = { holders: [], waiting: [] }

const decide = (locks: Locks, restoresMax = 50) => {
  const { granted, blocked } = decideGrants(locks, restoresMax)
  return {
    granted: granted.map(({ restore }) => restore),
    blocked: Object.fromEntries(blocked.map(({ request, behind }) => [request.restore, behind])),
  }
}

describe('inheritLocks', () => {
  const holds = asks('holds', 2, 'shop')

  it('takes over what others had been granted, before anybody in line', () => {
    const { locks } = inheritLocks({ ...none, waiting: [asks('asks', 1, 'shop')] }, { ...none, holders: [holds] })
    expect(decide(locks).blocked).toEqual({ 'velero/asks': 'Restore velero/holds, which restores into namespace shop' })
  })

  it('puts those that waited back in line, by their creation', () => {
    const found = { holders: [holds], waiting: [asks('before', 2, 'shop'), asks('asks', 3, 'shop')] }
    const { locks } = inheritLocks({ ...none, waiting: [asks('asks', 3, 'shop')] }, found)
    expect(locks.waiting.map(({ restore }) => restore)).toEqual(['velero/before', 'velero/asks'])
  })

  it('leaves one in line of which an earlier run held: it waits for nobody but others', () => {
    const again = { ...holds, runId: 'next-run' }
    const { locks, confirm } = inheritLocks({ ...none, waiting: [again] }, { ...none, holders: [holds] })
    expect({ ...locks, confirm }).toEqual({ holders: [], waiting: [again], confirm: [] })
  })

  it('confirms one in line that holds: it asked again while it was granted', () => {
    const { locks, confirm } = inheritLocks({ ...none, waiting: [holds] }, { ...none, holders: [holds] })
    expect({ ...locks, confirm }).toEqual({ holders: [holds], waiting: [], confirm: [holds] })
  })
})

describe('one that is presumed to hold', () => {
  const presumed = { ...asks('silent', 1, 'shop'), presumed: {} }
  const also = { ...asks('silent-too', 2, 'shop'), presumed: { untilMs: 1000 } }

  it('lines up when it asks, since another one may be presumed to hold the same', () => {
    const { locks } = requestLocks({ holders: [presumed, also], waiting: [] }, asks('silent', 1, 'shop'))
    expect(locks.holders).toEqual([also])
    expect(decide(locks).blocked).toEqual({
      'velero/silent': 'Restore velero/silent-too, which restores into namespace shop',
    })
  })

  it('is dropped when its time is over', () => {
    const locks = { ...none, holders: [presumed, also] }
    expect(dropPresumed(locks, 999)).toEqual(locks)
    expect(dropPresumed(locks, 1000).holders).toEqual([presumed])
  })
})

describe('judgeHold', () => {
  const word = (state: 'none' | 'asked' | 'held', ageMs: number) => judgeHold({ seen: 'answer', state, ageMs })
  const closed = (byForce: boolean, sinceMs: number) => judgeHold({ seen: 'closed', byForce, sinceMs })

  it('takes a restore at its word', () => {
    expect([word('held', 9), word('asked', 9), word('none', 99_000)]).toEqual([
      { as: 'holder' },
      { as: 'waiting' },
      { as: 'nothing' },
    ])
  })

  it('waits for the last writes of one that was ended by force, also where a new run of it is there already', () => {
    expect(closed(true, 10_000)).toEqual({ as: 'presumed', forMs: 20_000 })
    expect(word('none', 10_000)).toEqual({ as: 'presumed', forMs: 20_000 })
    expect([closed(true, 30_000), closed(false, 1), word('none', 30_000)]).toEqual(Array(3).fill({ as: 'nothing' }))
  })

  it('takes one that does not answer for a holder', () => {
    expect(judgeHold({ seen: 'no answer' })).toEqual({ as: 'presumed' })
  })
})

describe('decideGrants', () => {
  it('lets restores into different namespaces run side by side', () => {
    const waiting = [asks('a', 1, 'shop'), asks('b', 2, 'bank'), asks('cluster-scoped', 3)]
    expect(decide({ ...none, waiting }).granted).toEqual(['velero/a', 'velero/b', 'velero/cluster-scoped'])
  })

  it('serves the one that was created first, whichever asked first', () => {
    const waiting = [asks('late', 2, 'shop'), asks('early', 1, 'shop')]
    expect(decide({ ...none, waiting })).toEqual({
      granted: ['velero/early'],
      blocked: { 'velero/late': 'Restore velero/early, which restores into namespace shop' },
    })
  })

  it('goes by the uid where two were created in the same second', () => {
    const waiting = [asks('y', 1, 'shop'), asks('x', 1, 'shop')]
    expect(decide({ ...none, waiting }).granted).toEqual(['velero/x'])
  })

  it('lets nobody overtake one that waits for the same namespace', () => {
    const holders = [asks('holder', 1, 'shop')]
    const waiting = [asks('wide', 2, 'bank', 'shop'), asks('narrow', 3, 'bank'), asks('other', 4, 'mail')]
    expect(decide({ holders, waiting })).toEqual({
      granted: ['velero/other'],
      blocked: {
        'velero/wide': 'Restore velero/holder, which restores into namespace shop',
        'velero/narrow': 'Restore velero/wide, which is before it in the line for namespace bank',
      },
    })
  })

  it('takes nothing from a holder, even for one that was created before it', () => {
    expect(decide({ holders: [asks('young', 2, 'shop')], waiting: [asks('old', 1, 'shop')] }).granted).toEqual([])
  })

  it('has a restore into very many namespaces overlap every other that has some', () => {
    const holders = [asks('all', 1, '*')]
    expect(decide({ holders, waiting: [asks('a', 2, 'shop'), asks('b', 3)] })).toEqual({
      granted: ['velero/b'],
      blocked: { 'velero/a': 'Restore velero/all, which restores into many namespaces' },
    })
    expect(decide({ holders: [asks('a', 1, 'shop')], waiting: [asks('all', 2, '*')] }).granted).toEqual([])
  })

  it('lets no more run at once than are allowed', () => {
    const waiting = [asks('a', 1, 'a'), asks('b', 2, 'b'), asks('c', 3, 'c')]
    expect(decide({ ...none, waiting }, 2)).toEqual({
      granted: ['velero/a', 'velero/b'],
      blocked: { 'velero/c': 'one of the 2 restores that may run at once to end' },
    })
  })

  it('never grants one namespace twice, and grants all in the end', () => {
    const namespaces = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 })
    const requests = fc.array(fc.tuple(fc.nat(5), namespaces), { maxLength: 12 })
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 4 }), (wanted, restoresMax) => {
        let locks = wanted.reduce(
          (all, [second, names], index) => requestLocks(all, asks(`r${index}`, second, ...names)).locks,
          none,
        )
        for (let round = 0; locks.waiting.length > 0; round++) {
          expect(round).toBeLessThanOrEqual(wanted.length)
          locks = grantLocks(locks, decideGrants(locks, restoresMax).granted)
          const held = locks.holders.flatMap((holder) => holder.namespaces)
          expect(new Set(held).size).toBe(held.length)
          expect(locks.holders.length).toBeLessThanOrEqual(restoresMax)
          const [first] = locks.holders
          if (first !== undefined) locks = releaseLocks(locks, first)
        }
      }),
    )
  })
})

describe('requestLocks', () => {
  it('lets a holder that asks again keep what it has, under its new run', () => {
    const again = { ...asks('a', 1, 'shop'), runId: 'second run' }
    expect(requestLocks({ holders: [asks('a', 1, 'shop')], waiting: [] }, again)).toEqual({
      locks: { holders: [again], waiting: [] },
    })
  })

  it('has one that waits stand in line once', () => {
    const once = requestLocks(none, asks('a', 1, 'shop'))
    expect(requestLocks(once.locks, asks('a', 1, 'shop'))).toEqual(once)
  })

  it('bounds the line, and refuses the last created', () => {
    let locks = none
    for (let index = 0; index < waitingMax; index++) locks = requestLocks(locks, asks(`r${index}`, 9, 'shop')).locks
    const late = requestLocks(locks, asks('late', 10, 'shop'))
    expect(late).toMatchObject({ locks: { waiting: { length: waitingMax } }, refused: { restore: 'velero/late' } })
    const early = requestLocks(locks, asks('early', 1, 'shop'))
    expect(early.locks.waiting[0]).toMatchObject({ restore: 'velero/early' })
    expect(early.refused).toMatchObject({ createdAt: '2026-01-01T00:00:09Z' })
  })
})

describe('isLockRequest', () => {
  it('knows one from what people send by hand', () => {
    expect(isLockRequest(asks('a', 1, 'shop'))).toBe(true)
    expect([undefined, null, 'a', {}, { ...asks('a', 1), namespaces: 'shop' }].filter(isLockRequest)).toEqual([])
  })
})

describe('releaseLocks', () => {
  it('takes nothing from a later run of the same restore', () => {
    const locks = { holders: [{ ...asks('a', 1, 'shop'), runId: 'second run' }], waiting: [] }
    expect(releaseLocks(locks, asks('a', 1, 'shop'))).toEqual(locks)
  })
})

describe('targetNamespaces', () => {
  const plan = (items: { name: string; namespace?: string; target?: string }[]) => ({
    waves: [{ groupResource: 'secrets', chunks: [{ items }] }],
  })

  it('are those written into, each once', () => {
    const items = [
      { name: 'a', namespace: 'shop', target: 'shop-copy' },
      { name: 'b', namespace: 'shop', target: 'shop-copy' },
      { name: 'c', namespace: 'bank' },
      { name: 'role' },
      { name: 'mail', target: 'mail' },
    ]
    expect(targetNamespaces(plan(items))).toEqual(['bank', 'mail', 'shop-copy'])
  })

  it('are all, where they are too many for a list', () => {
    const items = Array.from({ length: 101 }, (_, index) => ({ name: 'a', namespace: `a-name-of-twenty-${index}` }))
    expect(targetNamespaces(plan(items))).toEqual(['*'])
  })
})
