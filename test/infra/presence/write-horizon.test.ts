import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../infra/clock.ts'
import { createAttempts } from '../../../infra/presence/attempts.ts'
import { startPresence } from '../../../infra/presence/presence.ts'
import { createHorizon } from '../../../infra/presence/write-horizon.ts'
import { buildLease, readLease } from '../../../infra/presence/worker-lease.ts'
import type { ApiRequest } from '../../../infra/cluster/objects.ts'
import { quietLog } from '../cluster/quiet-log.ts'
import type { Manifest } from '../../../velero/manifest.ts'

/** A horizon, the seconds of each renewal that the API server got, and how often a renewal was asked for. */
function horizonWith() {
  const renewals: number[] = []
  const asked = { times: 0 }
  const horizon = createHorizon(() => void asked.times++)
  const renew = () =>
    horizon.renewed((seconds) => {
      renewals.push(seconds)
      return Promise.resolve()
    })
  return { horizon, renewals, renew, asked }
}

describe('the write horizon of a Lease', () => {
  it('is the usual one, whatever is written fast', async () => {
    const { horizon, renewals, renew } = horizonWith()
    await renew()
    expect(renewals).toEqual([15])
    expect(horizon.isLong()).toBe(false)
  })

  it('covers a long write once a renewal has said so, and asks for that renewal', async () => {
    const { horizon, renewals, renew, asked } = horizonWith()
    await renew()
    const release = horizon.extend()
    expect([horizon.isLong(), asked.times]).toEqual([false, 1])
    await renew()
    expect(horizon.isLong()).toBe(true)
    // A second one under the same Lease costs no renewal.
    const releaseSecond = horizon.extend()
    expect(asked.times).toBe(1)
    release()
    release()
    await renew()
    releaseSecond()
    await renew()
    expect(renewals).toEqual([15, 75, 75, 15])
    expect(horizon.isLong()).toBe(false)
  })

  it('covers none while a renewal without it is on its way, or was lost', async () => {
    const { horizon, renew } = horizonWith()
    horizon.extend()()
    const release = horizon.extend()
    await renew()
    release()
    const lost = horizon.renewed(() => Promise.reject(new Error('no answer')))
    const again = horizon.extend()
    expect(horizon.isLong()).toBe(false)
    await expect(lost).rejects.toThrow('no answer')
    expect(horizon.isLong()).toBe(false)
    await renew()
    expect(horizon.isLong()).toBe(true)
    again()
  })

  it('is read from the Lease, never below the usual one and never without an end', () => {
    const secondsOf = (leaseSeconds: number) =>
      readLease(buildLease('w', { holder: 'w', now: new Date(0), scopes: [], leaseSeconds }) as Manifest).seconds
    expect([1, 15, 75, 1e9].map(secondsOf)).toEqual([15, 15, 75, 600])
  })

  it('keeps lost attempts named while their long writes may land', () => {
    const attempts = createAttempts(() => undefined, systemClock)
    attempts.begin('uid/a')
    attempts.loseAll()
    attempts.begin('uid/b')
    expect(attempts.scopes(false)).toEqual(['uid/b'])
    expect(attempts.scopes(true)).toEqual(['uid/a', 'uid/b'])
  })

  it('is in the Lease before the long write may begin', async () => {
    const lengths: number[] = []
    const send = ({ method, path, body }: ApiRequest) => {
      if (method === 'GET') return Promise.resolve({ items: [] })
      const spec = (body as { spec?: { leaseDurationSeconds: number } } | undefined)?.spec
      if (spec !== undefined) lengths.push(spec.leaseDurationSeconds)
      return Promise.resolve({ metadata: { name: path, uid: 'uid-of-the-lease' }, spec })
    }
    const where = { connection: { send }, namespace: 'velero', worker: 'w', log: quietLog(), clock: systemClock }
    const presence = await startPresence(where)
    const [first, second] = await Promise.all([presence.holdLongWrite(), presence.holdLongWrite()])
    expect(lengths).toEqual([15, 75])
    expect(() => first.assertMayWrite()).not.toThrow()
    first.release()
    second.release()
    await presence.stop()
    expect(() => first.assertMayWrite()).toThrow(expect.objectContaining({ reason: 'NoLease' }))
    await expect(presence.holdLongWrite()).rejects.toMatchObject({ reason: 'NoLease' })
  })
})
