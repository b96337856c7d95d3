import { describe, expect, it } from 'vitest'
import { assumedHolders, narrowLocks } from '../../../core/locks/assumed-holders.ts'
import { isLockRequest, releaseLocks, requestLocks } from '../../../core/locks/change-locks.ts'
import { decideGrants } from '../../../core/locks/decide-grants.ts'
import type { LockRequest, Locks } from '../../../core/locks/decide-grants.ts'
import { grantWider, judgeWider, wantWider } from '../../../core/locks/wider-locks.ts'
import { asks } from './asks.ts'

const known = asks('hung', 1, 'shop')
const hung: LockRequest = { ...known, namespaces: ['*'], assumed: true }
const waits = asks('waits', 2, 'bank')
const nothing: Locks = { holders: [], waiting: [] }
const asked = [hung.workflowId]

describe('a restore that is assumed to hold all namespaces', () => {
  it('lets nobody in, in words that say why, until what it holds is found', () => {
    const locks = { holders: [hung], waiting: [waits] }
    expect(decideGrants(locks, 9)).toMatchObject({
      granted: [],
      blocked: [{ behind: 'Restore velero/hung, which restores into namespaces that its journal has not told yet' }],
    })
    expect(assumedHolders(locks)).toEqual(asked)
    const later = narrowLocks(locks, asked, { holders: [known], waiting: [] })
    expect(later).toEqual({ holders: [known], waiting: [waits] })
    expect(decideGrants(later, 9).granted).toEqual([waits])
    expect(assumedHolders(later)).toEqual([])
  })

  it('is no holder any more where none was found, and stands in line where it was found to wait', () => {
    const locks = { holders: [hung], waiting: [waits] }
    expect(narrowLocks(locks, asked, nothing)).toEqual({ holders: [], waiting: [waits] })
    expect(narrowLocks(locks, asked, { holders: [], waiting: [known] }).waiting).toEqual([known, waits])
  })

  it('stays as it is where it has asked or released meanwhile, or was not asked about', () => {
    const again = requestLocks({ holders: [hung], waiting: [] }, known).locks
    expect(again).toEqual({ holders: [known], waiting: [] })
    expect(narrowLocks(again, asked, nothing)).toEqual(again)
    const released = releaseLocks({ holders: [hung], waiting: [] }, hung)
    expect(narrowLocks(released, asked, { holders: [known], waiting: [] })).toEqual(nothing)
    expect(narrowLocks({ holders: [hung], waiting: [] }, [], nothing).holders).toEqual([hung])
  })

  it('asks for a namespace that it wants besides, and keeps that when its plan is found', () => {
    const locks = { holders: [hung], waiting: [] }
    expect(judgeWider(locks, hung, 'aside')).toEqual({ do: 'ask' })
    const wider = grantWider(wantWider(locks, hung, ['aside']))
    expect(judgeWider(wider, hung, 'aside')).toEqual({ do: 'go' })
    const still = narrowLocks(wider, asked, { holders: [hung], waiting: [] })
    const later = narrowLocks(still, asked, { holders: [known], waiting: [] })
    expect(later.holders).toEqual([{ ...known, namespaces: ['shop', 'aside'] }])
    expect(judgeWider(later, hung, 'aside')).toEqual({ do: 'go' })
  })

  it('is made so by nobody who sends a request', () => {
    expect([isLockRequest(known), isLockRequest(hung)]).toEqual([true, false])
  })
})
