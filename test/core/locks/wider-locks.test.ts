import { describe, expect, it } from 'vitest'
import { requestLocks } from '../../../core/locks/change-locks.ts'
import { decideGrants } from '../../../core/locks/decide-grants.ts'
import type { Locks } from '../../../core/locks/decide-grants.ts'
import { blockedWider, dropWishes, grantWider, judgeWider, wantWider } from '../../../core/locks/wider-locks.ts'
import { asks } from './asks.ts'

const [a, b, c] = [asks('a', 1, 'shop'), asks('b', 2, 'bank'), asks('c', 3, 'mail')]
const held: Locks = { holders: [c, a, b], waiting: [] }
const namesOf = ({ holders }: Locks) => Object.fromEntries(holders.map((one) => [one.restore, one.namespaces]))

describe('a restore that wants one more namespace', () => {
  it('has it at once where nobody holds it, before all that wait', () => {
    const late = asks('late', 4, 'aside')
    const locks = grantWider(wantWider({ ...held, waiting: [late] }, a, ['aside']))
    expect(judgeWider(locks, a, 'aside')).toEqual({ do: 'go' })
    expect(namesOf(locks)).toMatchObject({ 'velero/a': ['shop', 'aside'] })
    expect(decideGrants(locks, 50).granted).toEqual([])
  })

  it('waits for the one that holds it, and has it when that has ended', () => {
    const wanted = wantWider(held, b, ['shop'])
    expect(grantWider(wanted)).toEqual(wanted)
    const behind = 'Restore velero/a, which restores into namespace shop'
    expect(judgeWider(wanted, b, 'shop')).toEqual({ do: 'wait', behind })
    expect(blockedWider(wanted)).toMatchObject([{ request: { restore: 'velero/b' }, behind }])
    const later = grantWider({ ...wanted, holders: wanted.holders.filter(({ restore }) => restore !== 'velero/a') })
    expect(judgeWider(later, b, 'shop')).toEqual({ do: 'go' })
    expect(later.holders.some(({ wants }) => wants !== undefined)).toBe(false)
  })

  it('is given to the one that was created first', () => {
    const free = { ...held, holders: [c, b] }
    const locks = grantWider(wantWider(wantWider(free, c, ['shop']), b, ['shop']))
    expect(namesOf(locks)).toEqual({ 'velero/c': ['mail'], 'velero/b': ['bank', 'shop'] })
  })

  it('does without where others wait for it in turn and were created before it', () => {
    const circle = [
      [a, 'bank'],
      [b, 'mail'],
      [c, 'shop'],
    ] as const
    const locks = grantWider(circle.reduce((all, [one, name]) => wantWider(all, one, [name]), held))
    expect(circle.map(([one, name]) => judgeWider(locks, one, name).do)).toEqual(['wait', 'wait', 'leave'])
  })

  it('does not get one that it does without since, and keeps what it has got', () => {
    const wanted = grantWider(wantWider(held, b, ['shop', 'aside']))
    const without = dropWishes(wanted, b, ['shop', 'aside'])
    const free = grantWider({ ...without, holders: without.holders.filter(({ restore }) => restore !== 'velero/a') })
    expect(free.holders).toEqual([c, { ...b, namespaces: ['bank', 'aside'] }])
    expect(dropWishes(wanted, { ...b, runId: 'another' }, ['shop'])).toEqual(wanted)
  })

  it('asks first, and where only one that was terminated is known', () => {
    expect(judgeWider(held, a, 'bank')).toEqual({ do: 'ask' })
    const presumed = { holders: [{ ...a, presumed: {} }, b], waiting: [] }
    expect(judgeWider(wantWider(presumed, a, ['bank']), a, 'bank')).toEqual({ do: 'ask' })
  })

  it('keeps what it has got when it asks for its namespaces again', () => {
    const locks = wantWider(grantWider(wantWider(held, a, ['aside'])), a, ['bank'])
    const again = requestLocks(locks, a).locks
    expect(again.holders.at(-1)).toMatchObject({ namespaces: ['shop', 'aside'], wants: ['bank'] })
  })
})
