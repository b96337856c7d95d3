import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../infra/clock.ts'
import { createAttempts } from '../../../infra/presence/attempts.ts'
import { buildLease, readLease } from '../../../infra/presence/worker-lease.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const leaseOf = (scopes: string[]) =>
  readLease(buildLease('w', { holder: 'w', now: new Date(0), scopes, leaseSeconds: 15 }) as Manifest)

describe('a fence for a whole restore', () => {
  it('sees every attempt below it, in this process', () => {
    const attempts = createAttempts(() => undefined, systemClock)
    const end = attempts.begin('uid-1/wave-001/chunk-00002')
    attempts.begin('uid-2/wave-001/chunk-00000')
    const earlier = attempts.earlierThanMine('uid-1/')
    expect(earlier()).toBe('an earlier attempt in this worker has not ended yet')
    end()
    expect(earlier()).toBeUndefined()
  })

  it('waits for a write without an answer until it can take effect no more, and not for those that begin later', async () => {
    const ends: (() => void)[] = []
    const sleep = () => new Promise<void>((resolve) => ends.push(resolve))
    const attempts = createAttempts(() => undefined, { sleep })
    const end = attempts.begin('uid-1/wave-001/chunk-00002')
    attempts.unanswered(4_000)
    end()
    const earlier = attempts.earlierThanMine('uid-1/')
    expect(earlier()).toBe('a write of an earlier attempt got no answer and may still take effect')
    expect(attempts.scopes(false)).toEqual(['uid-1/wave-001/chunk-00002'])
    attempts.begin('uid-2/wave-001/chunk-00000')()
    expect(attempts.count()).toBe(1)
    for (const pass of ends) pass()
    await Promise.resolve()
    await Promise.resolve()
    expect(earlier()).toBeUndefined()
    expect(attempts.count()).toBe(0)
  })

  it('sees every attempt below it that another worker names', () => {
    expect(leaseOf(['uid-1/wave-001/chunk-00002']).names('uid-1/')).toBe(true)
    expect(leaseOf(['uid-2/wave-001/chunk-00002']).names('uid-1/')).toBe(false)
    expect(leaseOf([]).names('uid-1/')).toBe(false)
  })

  it('does not trust a name that was shortened', () => {
    expect(leaseOf([`uid-2/${'x'.repeat(500)}`]).names('uid-1/')).toBe(true)
  })
})
