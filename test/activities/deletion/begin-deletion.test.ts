import '../../ports/deterministic.ts'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Ports } from '../../../activities/ports.ts'
import { ApiError, ArchiveError } from '../../../core/port-errors.ts'
import { archiveBody } from '../../ports/archives.ts'
import type { World } from '../../ports/world.ts'
import { backupName } from '../crash/backup.ts'
import { leaveData, placeRequest } from '../crash/scenarios/backup-deletion.ts'
import { act, at, inputOf, worldWith } from './act.ts'

describe('a DeleteBackupRequest', () => {
  const statusOf = (world: World) => world.cluster.look(at('deletebackuprequests', 'shop-1'))?.['status']

  it('becomes InProgress with its labels, its Backup Deleting, and others for the backup are gone', async () => {
    const world = await worldWith(leaveData)
    const ref = placeRequest(world)
    expect(await act(world, 'beginDeletion', { ref })).toMatchObject({ result: { do: 'delete' } })
    expect(world.cluster.look(at('deletebackuprequests', 'shop-1'))).toMatchObject({
      metadata: { labels: { 'velero.io/backup-name': backupName, 'velero.io/backup-uid': expect.any(String) } },
      status: { phase: 'InProgress' },
    })
    expect(world.cluster.look(at('backups', backupName))?.['status']).toMatchObject({ phase: 'Deleting' })
    expect(world.cluster.look(at('deletebackuprequests', 'earlier'))).toBeUndefined()
  })

  it('for a backup whose data only Velero can delete is processed with the reason, and nothing is deleted', async () => {
    const world = await worldWith()
    await act(world, 'beginDeletion', { ref: placeRequest(world) })
    const words = /^backup deletion failed: the data of 1 volumes .* \(namespaces: shop\) .*leave-volume-data=true$/
    expect(statusOf(world)).toEqual({ phase: 'Processed', errors: [expect.stringMatching(words)] })
    expect(world.cluster.look(at('backups', backupName))?.['status']).toMatchObject({ phase: 'Completed' })
  })

  const contents = `backups/${backupName}/${backupName}.tar.gz`
  const podVolumes = `backups/${backupName}/${backupName}-podvolumebackups.json.gz`
  const upload = {
    groupResource: 'datauploads.velero.io',
    manifest: { namespace: 'velero', name: 'up', text: '{"spec"' },
  }
  const inBucket = (key: string, body: Buffer) => (world: World) => world.buckets.place('backups', key, body)
  const withoutPodVolumes = ({ cluster }: World) => cluster.drop(at('podvolumebackups', 'shop-1'))
  const stored = { metadata: { name: 'p' }, spec: { pod: { namespace: 'far' } }, status: { snapshotID: 's' } }

  it.each([
    ['whose tarball has a damaged item', inBucket(contents, archiveBody([upload])), 'error reading backup tarball: '],
    [
      'whose list of pod volumes is damaged',
      inBucket(podVolumes, Buffer.from('no gzip')),
      "error getting backup's pod volume backups: ",
    ],
    [
      'whose pod volumes are only in the bucket yet',
      inBucket(podVolumes, gzipSync(JSON.stringify([stored, stored, null]))),
      'the data of 1 volumes in backup repositories (namespaces: far)',
    ],
  ])('for a backup %s is processed with the reason', async (_what, change, words) => {
    const world = await worldWith(withoutPodVolumes, change)
    expect(await act(world, 'beginDeletion', { ref: placeRequest(world) })).toMatchObject({ result: { do: 'leave' } })
    expect(statusOf(world)).toMatchObject({
      phase: 'Processed',
      errors: [expect.stringContaining(`backup deletion failed: ${words}`)],
    })
    expect(statusOf(world)).toMatchObject({ errors: [expect.stringContaining('leave-volume-data=true')] })
  })

  it.each([
    [
      'is damaged',
      new ArchiveError('damaged', 'gzip: invalid header'),
      'error downloading backup tarball: gzip: invalid header',
    ],
    ['is too big', new ArchiveError('too-big', 'too many items'), 'error downloading backup tarball: too many items'],
  ])('for a backup whose tarball %s is processed with the reason', async (_what, problem, words) => {
    const world = await worldWith(withoutPodVolumes)
    const signals: unknown[] = []
    const open: Ports['archives']['open'] = (_store, _key, { signal }) => (
      signals.push(signal),
      Promise.reject(problem)
    )
    await act(world, 'beginDeletion', { ref: placeRequest(world) }, { archives: { open } })
    expect(statusOf(world)).toMatchObject({ errors: [expect.stringContaining(words)] })
    expect(signals).toEqual([expect.any(AbortSignal)])
  })

  it('whose data may be left begins without a look into the tarball', async () => {
    const world = await worldWith(leaveData)
    const open = () => Promise.reject(new Error('not asked for'))
    expect(await act(world, 'beginDeletion', { ref: placeRequest(world) }, { archives: { open } })).toMatchObject({
      result: { do: 'delete', backup: { store: 's3.amazonaws.com/backups' } },
    })
  })

  it('that cannot be written at the end is tried again, and nothing else is', async () => {
    const world = await worldWith()
    const refused = new ApiError({
      code: 403,
      reason: 'Forbidden',
      message: 'admission webhook "w" denied the request: no',
    })
    let refusals = 3
    const more = ({ cluster }: Ports) => ({
      cluster: {
        ...cluster,
        patch: (...args: Parameters<typeof cluster.patch>) =>
          refusals-- > 0 ? Promise.reject(refused) : cluster.patch(...args),
      },
    })
    expect(await act(world, 'endDeletion', { ref: placeRequest(world), errors: ['one'] }, more)).toEqual({
      result: undefined,
    })
    expect(statusOf(world)).toEqual({ phase: 'Processed', errors: ['one'] })
    expect(world.cluster.look(at('backups', backupName))).toBeDefined()
  })

  it('that somebody deletes just then deletes nothing', async () => {
    const world = await worldWith(leaveData)
    const ref = placeRequest(world)
    const more = (ports: Ports) => ({
      stores: {
        open: (location: Parameters<Ports['stores']['open']>[0]) => {
          world.cluster.drop(at('deletebackuprequests', 'shop-1'))
          return ports.stores.open(location)
        },
      },
    })
    expect(await act(world, 'beginDeletion', { ref }, more)).toEqual({
      result: { do: 'leave', because: 'the request is gone' },
    })
    expect(world.cluster.look(at('backups', backupName))?.['status']).toMatchObject({ phase: 'Completed' })
  })

  it('for an earlier backup of that name is refused, and one for the later backup stays', async () => {
    const world = await worldWith(leaveData)
    const ref = placeRequest(world)
    world.cluster.amend(at('deletebackuprequests', 'shop-1'), {
      metadata: {
        ...world.cluster.look(at('deletebackuprequests', 'shop-1'))?.metadata,
        labels: { 'velero.io/backup-uid': 'before' },
      },
    })
    expect(await act(world, 'beginDeletion', { ref })).toMatchObject({
      result: { because: expect.stringContaining('for an earlier backup of that name (uid before)') },
    })
    expect(world.cluster.look(at('deletebackuprequests', 'earlier'))).toBeDefined()
    expect(world.cluster.look(at('backups', backupName))?.['status']).toMatchObject({ phase: 'Completed' })
  })

  it('with errors keeps its Backup, and tells them', async () => {
    const world = await worldWith()
    await act(world, 'endDeletion', { ...inputOf(world), errors: ['one', 'two'] })
    expect(statusOf(world)).toEqual({ phase: 'Processed', errors: ['one', 'two'] })
    expect(world.cluster.look(at('backups', backupName))).toBeDefined()
  })

  it('without errors goes with its Backup', async () => {
    const world = await worldWith()
    await act(world, 'endDeletion', { ...inputOf(world), errors: [] })
    expect(world.cluster.look(at('backups', backupName))).toBeUndefined()
    expect(world.cluster.look(at('deletebackuprequests', 'earlier'))).toBeUndefined()
  })
})
