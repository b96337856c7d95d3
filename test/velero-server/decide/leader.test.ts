import { describe, expect, it } from 'vitest'
import { isLeader, isVeleroPresent } from '../../../velero-server/decide/leader.ts'

const worker = (name: string, createdAt: number, expired = false) => ({
  name,
  createdAt: `2026-11-28T12:00:0${createdAt}Z`,
  expired,
})
const me = worker('me', 5)

describe('the leader of the workers', () => {
  it.each([
    ['is the only one, at once', [me], 1, true],
    ['is nobody whose Lease is gone', [worker('other', 6)], 60_000, false],
    ['is nobody who may not write now', [me], 0, false],
    ['has the oldest Lease', [me, worker('younger', 6)], 20_000, true],
    ['is not a younger one', [worker('older', 4), me], 60_000, false],
    ['is a younger one where the older Leases have expired', [worker('older', 4, true), me], 1, true],
    ['waits while a younger one may not have seen it yet', [me, worker('younger', 6)], 19_999, false],
    ['does not wait for one whose Lease has expired', [me, worker('younger', 6, true)], 1, true],
    ['has the first name of those that came in one second', [worker('mf', 5), me], 20_000, true],
    ['has not another name than the first of those', [worker('ma', 5), me], 20_000, false],
  ] as const)('%s', (_what, workers, heldMs, leads) => {
    expect(isLeader('me', workers, heldMs)).toBe(leads)
  })
})

describe('whether a Velero server is there', () => {
  const deployment = (readyReplicas?: number) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'velero' },
    status: { readyReplicas },
  })

  it.each([
    ['auto', deployment(1), true],
    ['auto', deployment(0), false],
    ['auto', deployment(), false],
    ['auto', undefined, false],
    ['present', undefined, true],
    ['absent', deployment(1), false],
  ] as const)('by the setting %s', (setting, found, present) => {
    expect(isVeleroPresent(setting, found)).toBe(present)
  })
})
