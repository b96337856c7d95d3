import { describe, expect, it } from 'vitest'
import { createAttempts } from '../../../infra/presence/attempts.ts'
import { buildLease, readLease } from '../../../infra/presence/worker-lease.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const leaseOf = (scopes: string[]) =>
  readLease(buildLease('w', { holder: 'w', now: new Date(0), scopes, leaseSeconds: 15 }) as Manifest)

describe('a fence for a whole restore', () => {
  it('sees every attempt below it, in this process', () => {
    const attempts = createAttempts(() => undefined)
    const end = attempts.begin('uid-1/wave-001/chunk-00002')
    attempts.begin('uid-2/wave-001/chunk-00000')
    const earlier = attempts.earlierThanMine('uid-1/')
    expect(earlier()).toBe(1)
    end()
    expect(earlier()).toBe(0)
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
