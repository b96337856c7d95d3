import { describe, expect, it } from 'vitest'
import { checkFolders, checkLocationSpec } from '../../../core/request/look-at-location.ts'
import { decideLocation, isDue, locationStatus } from '../../../velero-server/decide/locations.ts'
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

const now = new Date('2026-11-24T12:00:00Z')
describe('whether a location is looked at again', () => {
  it.each([
    ['the first time, even where its period is zero', { last: undefined, period: '0s' }, true],
    ['when the default period has passed', { last: '2026-11-24T11:59:00Z', period: undefined }, true],
    ['not before', { last: '2026-11-24T11:59:01Z', period: undefined }, false],
    ['when its own period has passed', { last: '2026-11-24T11:59:58Z', period: '2s' }, true],
    ['never again where its period is zero', { last: '2020-01-01T00:00:00Z', period: '0s' }, false],
    ['by the default where its period is negative', { last: '2026-11-24T11:59:30Z', period: '-5s' }, false],
    ['by the default where its period makes no sense', { last: '2026-11-24T11:59:00Z', period: 'soon' }, true],
    ['where its last time makes no sense', { last: 'never', period: '1h' }, true],
  ] as const)('%s', (_what, schedule, due) => {
    expect(isDue({ defaultSeconds: 60, firstAnyway: true, ...schedule }, now)).toBe(due)
  })

  it('is not synced even once where its period is zero', () => {
    expect(isDue({ last: undefined, period: '0s', defaultSeconds: 60, firstAnyway: false }, now)).toBe(false)
  })
})

describe('a location whose bucket was looked at', () => {
  const of = (phase: 'Available' | 'Unavailable' | '', look: Parameters<typeof decideLocation>[1], awayMs = 0) =>
    decideLocation({ ...location(), status: { phase } }, look, { awayMs, patienceSeconds: 120 })
  const away = { bucket: 'away', problem: 'connect ECONNREFUSED' } as const

  it('is available where the bucket is there', () => {
    expect(of('Unavailable', { bucket: 'there' })).toEqual({ do: 'write', problem: undefined })
  })

  it('keeps its phase for some time where the bucket stops answering', () => {
    expect(of('Available', away)).toEqual({ do: 'wait', seconds: 5 })
    expect(of('Available', away, 119_000)).toEqual({ do: 'wait', seconds: 5 })
    expect(of('Available', away, 120_000)).toEqual({ do: 'write', problem: 'connect ECONNREFUSED' })
  })

  it('is unavailable at once where the bucket never answered, or says no', () => {
    expect(of('', away)).toMatchObject({ do: 'write', problem: 'connect ECONNREFUSED' })
    expect(of('Available', { bucket: 'wrong', problem: 'denied' })).toEqual({ do: 'write', problem: 'denied' })
  })
})
