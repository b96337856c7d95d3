import { describe, expect, it } from 'vitest'
import { decideDeletion, isOutdated } from '../../../core/deletion/decide-deletion.ts'
import type { Backup, BackupStorageLocation } from '../../../velero/backup.ts'
import type { DeleteBackupRequest } from '../../../velero/delete-backup-request.ts'

const request = (more: Partial<DeleteBackupRequest> = {}): DeleteBackupRequest => ({
  apiVersion: 'velero.io/v1',
  kind: 'DeleteBackupRequest',
  metadata: { name: 'r', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { backupName: 'b' },
  ...more,
})
const backup = (phase: string): Backup => ({
  apiVersion: 'velero.io/v1',
  kind: 'Backup',
  metadata: { name: 'b', uid: 'u' },
  spec: { storageLocation: 'default' },
  status: { phase },
})
const location = (more: object, phase: 'Available' | 'Unavailable' = 'Available'): BackupStorageLocation => ({
  apiVersion: 'velero.io/v1',
  kind: 'BackupStorageLocation',
  metadata: { name: 'default' },
  spec: { provider: 'aws', ...more },
  status: { phase },
})
const labelled = (uid: string) => request({ metadata: { name: 'r', labels: { 'velero.io/backup-uid': uid } } })
const good = { request: request(), backup: backup('Completed'), location: location({}) }

describe('a request for the deletion of a backup', () => {
  it.each([
    ['names no backup', { request: request({ spec: {} }) }, 'spec.backupName is required'],
    ['names one that is not there', { backup: undefined, location: undefined }, 'backup not found'],
    ['names one that is being made', { backup: backup('InProgress') }, 'backup is still in progress'],
    [
      'is for an earlier one of that name',
      { request: labelled('before') },
      'the request is for an earlier backup of that name (uid before); make another request to delete this one',
    ],
    ['has no location', { location: undefined }, 'backup storage location default not found'],
    [
      'has a read-only location',
      { location: location({ accessMode: 'ReadOnly' }) },
      'cannot delete backup because backup storage location default is currently in read-only mode',
    ],
    [
      'has a location that is away',
      { location: location({}, 'Unavailable') },
      'cannot delete backup because backup storage location default is currently in Unavailable state',
    ],
  ])('%s: it is refused in Velero’s words', (_what, change, words) => {
    expect(decideDeletion({ ...good, ...change })).toEqual({ do: 'refuse', error: `backup deletion failed: ${words}` })
  })

  it.each(['Completed', 'PartiallyFailed', 'Failed', 'FailedValidation', 'Deleting'])(
    'for a backup that is %s is granted',
    (phase) => {
      expect(decideDeletion({ ...good, backup: backup(phase) })).toMatchObject({ do: 'delete' })
    },
  )

  it.each(['u', ''])('with the label of its uid, or an empty one, is granted: %s', (uid) => {
    expect(decideDeletion({ ...good, request: labelled(uid) })).toMatchObject({ do: 'delete' })
  })

  it('that is in progress is carried on, one that is processed is not', () => {
    expect(decideDeletion({ ...good, request: request({ status: { phase: 'InProgress' } }) })).toMatchObject({
      do: 'delete',
    })
    expect(decideDeletion({ ...good, request: request({ status: { phase: 'Processed' } }) }).do).toBe('leave')
  })

  it('is outdated a day after it was made, once somebody has looked at it', () => {
    const later = new Date('2026-01-02T00:00:00Z')
    expect(isOutdated(request({ status: { phase: 'Processed' } }), later)).toBe(true)
    expect(isOutdated(request({ status: { phase: 'Processed' } }), new Date('2026-01-01T23:59:59Z'))).toBe(false)
    expect(isOutdated(request(), later)).toBe(false)
  })
})
