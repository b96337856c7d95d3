import { describe, expect, it } from 'vitest'
import { orphanedBackups, restoresOf, syncedBackup, syncedPodVolume } from '../../../velero-server/decide/backups.ts'
import type { Backup } from '../../../velero/backup.ts'
import type { Restore } from '../../../velero/restore.ts'

const now = new Date('2026-11-24T12:00:00Z')
const target = { namespace: 'velero', location: 'west', schedules: new Map([['daily', 'uid-1']]) }
const stored = (status: object = { phase: 'Completed' }, metadata: object = {}, spec: object = {}) => ({
  apiVersion: 'velero.io/v1',
  kind: 'Backup',
  metadata: { name: 'b', namespace: 'elsewhere', uid: 'old', resourceVersion: '7', ...metadata },
  spec: { storageLocation: 'east', ...spec },
  status,
})
const sync = (content: unknown) => syncedBackup('b', content, target, now)

describe('a backup of the bucket, as a resource', () => {
  it('gets this cluster’s namespace and location, and keeps neither uid nor version', () => {
    const synced = sync(stored({ phase: 'Completed' }, { labels: { a: 'b' } }))
    expect(synced).toEqual({
      do: 'create',
      backup: {
        apiVersion: 'velero.io/v1',
        kind: 'Backup',
        metadata: { name: 'b', namespace: 'velero', labels: { a: 'b', 'velero.io/storage-location': 'west' } },
        spec: { storageLocation: 'west' },
        status: { phase: 'Completed' },
      },
    })
  })

  it('comes without hooks: nobody must run them again', () => {
    const synced = sync(stored(undefined, {}, { hooks: { resources: [{ name: 'h' }] } }))
    expect(synced).toMatchObject({ do: 'create', backup: { spec: { storageLocation: 'west' } } })
    expect(JSON.stringify(synced)).not.toContain('hooks')
  })

  it('is owned by a Schedule only where that very one is in the cluster', () => {
    const owner = (name: string, uid: string) => ({ apiVersion: 'velero.io/v1', kind: 'Schedule', name, uid })
    const ownerReferences = [owner('daily', 'uid-1'), owner('daily', 'uid-0'), owner('weekly', 'uid-1')]
    const synced = sync(stored(undefined, { ownerReferences }))
    expect(synced).toMatchObject({ backup: { metadata: { ownerReferences: [owner('daily', 'uid-1')] } } })
  })

  it.each(['Completed', 'PartiallyFailed', 'Failed'])('comes in phase %s', (phase) => {
    expect(sync(stored({ phase })).do).toBe('create')
  })

  it.each(['', 'New', 'InProgress', 'Deleting', 'Queued'])('does not come in phase %j', (phase) => {
    expect(sync(stored({ phase })).do).toBe('skip')
  })

  it('comes as partly failed where it never got finished and has expired', () => {
    const past = { phase: 'Finalizing', expiration: '2026-11-24T11:00:00Z' }
    expect(sync(stored(past))).toMatchObject({ do: 'create', backup: { status: { phase: 'PartiallyFailed' } } })
    expect(sync(stored({ ...past, expiration: '2026-11-24T13:00:00Z' })).do).toBe('skip')
    expect(sync(stored({ phase: 'Finalizing' })).do).toBe('skip')
  })

  it.each([null, 'text', 7, [], {}, { ...stored(), kind: 'Restore' }, { ...stored(), metadata: { name: 'c' } }])(
    'is left out where its metadata is %j',
    (content) => {
      expect(sync(content).do).toBe('skip')
    },
  )
})

describe('a PodVolumeBackup of the bucket', () => {
  it('belongs to the new Backup, by owner and by label where it had one', () => {
    const owners = [{ apiVersion: 'velero.io/v1', kind: 'Backup', name: 'b', uid: 'old' }]
    const found = syncedPodVolume(
      {
        apiVersion: 'velero.io/v1',
        kind: 'PodVolumeBackup',
        metadata: {
          name: 'p',
          uid: 'x',
          resourceVersion: '1',
          labels: { 'velero.io/backup-uid': 'old' },
          ownerReferences: owners,
        },
        spec: { volume: 'v', backupStorageLocation: 'east' },
        status: { phase: 'Completed' },
      },
      { namespace: 'velero', name: 'b', uid: 'new', location: 'west' },
    )
    expect(found).toEqual({
      apiVersion: 'velero.io/v1',
      kind: 'PodVolumeBackup',
      metadata: {
        name: 'p',
        namespace: 'velero',
        labels: { 'velero.io/backup-uid': 'new' },
        ownerReferences: [{ ...owners[0], uid: 'new' }],
      },
      spec: { volume: 'v', backupStorageLocation: 'west' },
      status: { phase: 'Completed' },
    })
  })
})

describe('what goes when a backup is gone from the bucket', () => {
  const backup = (name: string, phase: string, location?: string) =>
    ({
      metadata: { name, ...(location === undefined ? {} : { labels: { 'velero.io/storage-location': location } }) },
      status: { phase },
    }) as unknown as Backup
  const restore = (name: string, backupName: string, phase: string) =>
    ({ metadata: { name }, spec: { backupName }, status: { phase } }) as unknown as Restore

  it('are finished Backups of that location that have no folder', () => {
    const backups = [
      backup('there', 'Completed', 'west'),
      backup('gone', 'Completed', 'west'),
      backup('partly', 'PartiallyFailed', 'west'),
      backup('running', 'InProgress', 'west'),
      backup('failed', 'Failed', 'west'),
      backup('other', 'Completed', 'east'),
      backup('by-hand', 'Completed'),
    ]
    const orphans = orphanedBackups(backups, 'west', new Set(['there']))
    expect(orphans.map(({ metadata }) => metadata.name)).toEqual(['gone', 'partly'])
  })

  it('are its Restores that are over', () => {
    const restores = [
      restore('done', 'gone', 'Completed'),
      restore('running', 'gone', 'InProgress'),
      restore('other', 'there', 'Completed'),
    ]
    expect(restoresOf('gone', restores).map(({ metadata }) => metadata.name)).toEqual(['done'])
  })
})
