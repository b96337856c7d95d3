import { describe, expect, it } from 'vitest'
import { checkFolders } from '../../../velero-server/decide/check-folders.ts'
import { leaderTurn } from '../../../velero-server/decide/leader-turn.ts'
import { checkLocationSpec, locationStatus } from '../../../velero-server/decide/location-status.ts'
import { isVeleroPresent } from '../../../velero-server/decide/velero-presence.ts'
import type { BackupStorageLocation } from '../../../velero/backup.ts'

const location = (objectStorage: object = {}): BackupStorageLocation => ({
  apiVersion: 'velero.io/v1',
  kind: 'BackupStorageLocation',
  metadata: { name: 'default' },
  spec: { provider: 'aws', objectStorage: { bucket: 'b', ...objectStorage } },
})

describe('a location’s availability', () => {
  it('is given where only Velero’s folders stand at the top, or none', () => {
    expect(checkFolders([])).toBeUndefined()
    expect(checkFolders(['backups', 'kopia', 'metadata', 'plugins', 'restic', 'restores'])).toBeUndefined()
  })

  it.each([
    [['backups', 'foo'], 'Backup store contains invalid top-level directories: [foo]'],
    [['a', 'b', 'c'], 'Backup store contains invalid top-level directories: [a b c]'],
    [['a', 'b', 'c', 'd'], 'Backup store contains 4 invalid top-level directories: [a b c ...]'],
  ])('is not with %j', (folders, message) => {
    expect(checkFolders(folders)).toBe(message)
  })

  it('names the location in the message, and takes the message away when it is well again', () => {
    const now = '2026-11-24T12:00:00Z'
    expect(locationStatus(location(), 'it burns', now)).toEqual({
      phase: 'Unavailable',
      message: 'BackupStorageLocation "default" is unavailable: it burns',
      lastValidationTime: now,
    })
    expect(locationStatus(location(), undefined, now)).toEqual({
      phase: 'Available',
      message: null,
      lastValidationTime: now,
    })
  })

  it('is not given to one with two certificates', () => {
    const caCertRef = { name: 's', key: 'k' }
    expect(checkLocationSpec(location({ caCert: 'x', caCertRef }))).toContain('cannot specify both')
    expect(checkLocationSpec(location({ caCertRef }))).toBeUndefined()
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

describe('a turn in the election of a leader', () => {
  it.each([
    ['takes a Lease that is not there', undefined, 'take'],
    ['takes one that was given back', { holder: '', unchangedMs: 0 }, 'take'],
    ['renews its own', { holder: 'me', unchangedMs: 99_000 }, 'renew'],
    ['waits while another’s changes', { holder: 'other', unchangedMs: 14_999 }, 'wait'],
    ['takes another’s that has not changed for long', { holder: 'other', unchangedMs: 15_000 }, 'take'],
  ] as const)('%s', (_what, lease, turn) => {
    expect(leaderTurn(lease, 'me')).toBe(turn)
  })
})
