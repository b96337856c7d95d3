import { describe, expect, it } from 'vitest'
import { decideDownload, downloadKey, hasNoFilesYet, isRestoreTarget } from '../../../velero-server/decide/downloads.ts'
import type { DownloadRequest } from '../../../velero/download-request.ts'

describe('the object that a DownloadRequest asks for', () => {
  it.each([
    ['RestoreLog', 'restores/a/restore-a-logs.gz'],
    ['RestoreResults', 'restores/a/restore-a-results.gz'],
    ['RestoreResourceList', 'restores/a/restore-a-resource-list.json.gz'],
    ['RestoreItemOperations', 'restores/a/restore-a-itemoperations.json.gz'],
    ['RestoreVolumeInfo', 'restores/a/a-volumeinfo.json.gz'],
    ['BackupLog', 'backups/a/a-logs.gz'],
    ['BackupContents', 'backups/a/a.tar.gz'],
    ['BackupVolumeSnapshots', 'backups/a/a-volumesnapshots.json.gz'],
    ['BackupItemOperations', 'backups/a/a-itemoperations.json.gz'],
    ['BackupResourceList', 'backups/a/a-resource-list.json.gz'],
    ['BackupResults', 'backups/a/a-results.gz'],
    ['BackupVolumeInfos', 'backups/a/a-volumeinfo.json.gz'],
    ['CSIBackupVolumeSnapshots', 'backups/a/a-csi-volumesnapshots.json.gz'],
    ['CSIBackupVolumeSnapshotContents', 'backups/a/a-csi-volumesnapshotcontents.json.gz'],
  ])('%s is %s', (kind, key) => {
    expect(downloadKey({ kind, name: 'a' })).toBe(key)
    expect(isRestoreTarget({ kind, name: 'a' })).toBe(kind.startsWith('Restore'))
  })

  it.each(['', 'Everything', 'constructor', 'restorelog'])('is not known for kind %j', (kind) => {
    expect(downloadKey({ kind, name: 'a' })).toBeUndefined()
    expect(isRestoreTarget({ kind, name: 'a' })).toBe(false)
  })
})

describe('a backup or restore without files yet', () => {
  it.each([
    ['restore', 'New', 'restore "a" is in phase "New" and has not written any artifacts'],
    ['restore', 'InProgress', undefined],
    ['restore', undefined, undefined],
    ['backup', 'Queued', 'backup "a" is in phase "Queued" and has not written any artifacts'],
    ['backup', 'Deleting', undefined],
  ] as const)('%s in phase %s: %j', (what, phase, told) => {
    expect(hasNoFilesYet(what, 'a', phase)).toBe(told)
  })
})

describe('what is done about a DownloadRequest', () => {
  const now = new Date('2026-11-24T12:00:00Z')
  const request = (status?: DownloadRequest['status']): DownloadRequest => ({
    apiVersion: 'velero.io/v1',
    kind: 'DownloadRequest',
    metadata: { name: 'd' },
    spec: { target: { kind: 'RestoreLog', name: 'a' } },
    ...(status === undefined ? {} : { status }),
  })

  it.each([
    ['a new one is answered', undefined, 'answer'],
    ['one with an empty status is answered', {}, 'answer'],
    ['one that is good for a while is left', { phase: 'Processed', expiration: '2026-11-24T12:05:00Z' }, 'leave'],
    ['one that could not be answered is left too', { expiration: '2026-11-24T12:05:00Z' }, 'leave'],
    [
      'an answered one whose time has passed goes',
      { phase: 'Processed', expiration: '2026-11-24T11:59:59Z' },
      'delete',
    ],
    ['an unanswered one whose time has passed goes', { expiration: '2026-11-24T11:59:59Z' }, 'delete'],
  ] as const)('%s', (_what, status, decision) => {
    expect(decideDownload(request(status), now)).toBe(decision)
  })
})
