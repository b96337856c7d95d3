import { describe, expect, it } from 'vitest'
import type { Backup, BackupStorageLocation } from '../../../velero/backup.ts'
import type { DeleteBackupRequest } from '../../../velero/delete-backup-request.ts'
import type { Restore } from '../../../velero/restore.ts'
import { decideExpiry, requestFor } from '../../../velero-server/decide/expired-backups.ts'

const now = new Date('2026-01-02T00:00:00Z')
const backup = (expiration?: string): Backup => ({
  apiVersion: 'velero.io/v1',
  kind: 'Backup',
  metadata: { name: 'b', namespace: 'velero', uid: 'u' },
  spec: { storageLocation: 'default' },
  status: { phase: 'Completed', ...(expiration === undefined ? {} : { expiration }) },
})
const expired = backup('2026-01-01T23:59:59Z')
const location = (accessMode: 'ReadOnly' | 'ReadWrite', phase: 'Available' | 'Unavailable' = 'Available') =>
  ({ metadata: { name: 'default' }, spec: { provider: 'aws', accessMode }, status: { phase } }) as BackupStorageLocation
const at = { location: location('ReadWrite'), requests: [], restores: [] }
const made = (status: object) => ({ ...requestFor(expired), status }) as DeleteBackupRequest

describe('an expired backup', () => {
  it('is one whose expiration has come; one without any never expires', () => {
    expect(decideExpiry(expired, at, now)).toEqual({ do: 'request' })
    expect(decideExpiry(backup('2026-01-02T00:00:01Z'), at, now)).toEqual({ do: 'leave' })
    expect(decideExpiry(backup(), at, now)).toEqual({ do: 'leave' })
  })

  it('gets one request at a time, and another one where that has failed', () => {
    expect(decideExpiry(expired, { ...at, requests: [made({})] }, now)).toEqual({ do: 'leave' })
    expect(decideExpiry(expired, { ...at, requests: [made({ phase: 'Processed' })] }, now)).toEqual({ do: 'request' })
  })

  it('stays as long as a restore of it is not over', () => {
    const restore = (backupName: string, phase?: string) =>
      ({ metadata: { name: 'r' }, spec: { backupName }, status: { phase } }) as Restore
    const decided = (...restores: Restore[]) => decideExpiry(expired, { ...at, restores }, now)
    expect(decided(restore('b', 'Finalizing'))).toEqual({ do: 'leave' })
    expect(decided(restore('b'))).toEqual({ do: 'leave' })
    expect(decided(restore('b', 'Completed'), restore('other', 'InProgress'))).toEqual({ do: 'request' })
  })

  it('stays where its location is away, and says so where it is read-only or gone', () => {
    expect(decideExpiry(expired, { ...at, location: location('ReadWrite', 'Unavailable') }, now)).toEqual({
      do: 'leave',
    })
    expect(decideExpiry(expired, { ...at, location: location('ReadOnly') }, now)).toEqual({
      do: 'label',
      label: 'BSLReadOnly',
    })
    expect(decideExpiry(expired, { ...at, location: undefined }, now)).toEqual({ do: 'label', label: 'BSLNotFound' })
  })
})
