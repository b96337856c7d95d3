import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { createActivities } from '../../../activities/index.ts'
import type { DeleteActions, Ports } from '../../../activities/ports.ts'
import type { Snapshotters } from '../../../activities/snapshotter-port.ts'
import { PluginError } from '../../../core/port-errors.ts'
import { archiveBody } from '../../ports/archives.ts'
import type { World } from '../../ports/world.ts'
import { backupName } from '../crash/backup.ts'
import { settings } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'
import { withCsiSnapshot, withNativeSnapshot } from '../crash/scenarios/backup-deletion.ts'
import { act, at, inputOf, worldWith } from './act.ts'

/** Actions and snapshotters that note what they are asked. */
function plugins() {
  const asked: string[] = []
  const deleteActions: DeleteActions = {
    names: () => Promise.resolve(['example.io/one']),
    appliesTo: () =>
      Promise.resolve({
        includedNamespaces: [],
        excludedNamespaces: [],
        includedResources: ['cm'],
        excludedResources: [],
        labels: 'app=web',
      }),
    execute(action, { item, backup }) {
      asked.push(`${action} ${item.metadata.name} of ${(backup as { metadata: { name: string } }).metadata.name}`)
      return item.metadata.name === 'bad' ? Promise.reject(new PluginError('answer', 'no')) : Promise.resolve()
    },
  }
  const snapshotters: Snapshotters = {
    open: ({ spec }) =>
      Promise.resolve({
        createVolume: () => Promise.reject(new Error('not asked for')),
        setVolumeId: () => Promise.reject(new Error('not asked for')),
        deleteSnapshot(id) {
          asked.push(`delete ${id} of ${spec.provider}`)
          return spec.provider === 'bad' ? Promise.reject(new PluginError('answer', 'refused')) : Promise.resolve()
        },
      }),
  }
  return { asked, deleteActions, snapshotters }
}

describe('a step of the deletion', () => {
  const inBucket = ['runDeleteActions', 'deleteSnapshots', 'deleteBackupFiles']
  const files = (world: World, bucket: string) =>
    [...world.buckets.objects(bucket).keys()].filter((key) => key.startsWith(`backups/${backupName}/`)).length

  it.each([...inBucket, 'deleteRestoresOf'])(
    'leaves a backup that was made again under the name: %s',
    async (activity) => {
      const world = await worldWith(withCsiSnapshot, withNativeSnapshot)
      const input = { ...inputOf(world), from: 0 }
      const { kind = '', apiVersion = '', metadata, ...rest } = world.cluster.look(at('backups', backupName)) ?? {}
      world.cluster.drop(at('backups', backupName))
      expect(await act(world, activity, input)).toMatchObject({
        failure: { message: `Backup ${backupName} is gone since the deletion began` },
      })
      world.cluster.place({ ...rest, kind, apiVersion, metadata: { name: backupName, namespace: 'velero' } })
      expect(metadata?.uid).not.toBe(world.cluster.look(at('backups', backupName))?.metadata.uid)
      const before = files(world, 'backups')
      expect(await act(world, activity, input)).toMatchObject({
        failure: { message: `Backup ${backupName} is another one than when the deletion began` },
      })
      expect(files(world, 'backups')).toBe(before)
    },
  )

  it.each(inBucket)('leaves the backup of another bucket: %s', async (activity) => {
    const world = await worldWith(withCsiSnapshot, withNativeSnapshot)
    const input = { ...inputOf(world), from: 0 }
    world.buckets.make('moved')
    world.buckets.place('moved', `backups/${backupName}/velero-backup.json`, Buffer.from('{}'))
    world.cluster.amend(at('backupstoragelocations', 'default'), {
      spec: { provider: 'aws', objectStorage: { bucket: 'moved' }, config: { region: 'here' } },
    })
    expect(await act(world, activity, input)).toMatchObject({
      failure: { message: expect.stringContaining('has another bucket or prefix than when the deletion began') },
    })
    expect(files(world, 'moved')).toBe(1)
  })
})

describe('the items of a deleted backup', () => {
  const item = (name: string, labels: Record<string, string>) => ({
    groupResource: 'configmaps',
    manifest: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop', labels } },
  })

  it('go to the actions that apply to them, and a failure is logged, as in Velero', async () => {
    const world = await worldWith(({ buckets }) =>
      buckets.place(
        'backups',
        `backups/${backupName}/${backupName}.tar.gz`,
        archiveBody([item('good', { app: 'web' }), item('bad', { app: 'web' }), item('other', {})]),
      ),
    )
    const { asked, ...ports } = plugins()
    const outcome = await act(world, 'runDeleteActions', { ...inputOf(world), from: 0 }, ports)
    expect(outcome).toEqual({ result: { errors: [] } })
    expect(asked).toEqual(['example.io/one bad of shop', 'example.io/one good of shop'])
  })

  it('are gone through in parts', async () => {
    const many = Array.from({ length: 250 }, (_, n) => item(`cm-${n}`, { app: 'web' }))
    const world = await worldWith(({ buckets }) =>
      buckets.place('backups', `backups/${backupName}/${backupName}.tar.gz`, archiveBody(many)),
    )
    const { asked, ...ports } = plugins()
    const input = inputOf(world)
    expect(await act(world, 'runDeleteActions', { ...input, from: 0 }, ports)).toEqual({
      result: { errors: [], next: 200 },
    })
    expect(await act(world, 'runDeleteActions', { ...input, from: 200 }, ports)).toEqual({ result: { errors: [] } })
    expect(new Set(asked).size).toBe(250)
  })

  it('are left for the next part where an action is slow', async () => {
    const items = Array.from({ length: 9 }, (_, n) => item(`cm-${n}`, { app: 'web' }))
    const world = await worldWith(({ buckets }) =>
      buckets.place('backups', `backups/${backupName}/${backupName}.tar.gz`, archiveBody(items)),
    )
    const { asked, deleteActions } = plugins()
    const slow = ({ clock }: Ports) => ({
      deleteActions,
      clock: { ...clock, now: () => new Date(clock.now().getTime() + asked.length * 2 * 60_000) },
    })
    expect(await act(world, 'runDeleteActions', { ...inputOf(world), from: 0 }, slow)).toEqual({
      result: { errors: [], next: 3 },
    })
  })

  it('end the deletion where an action cannot say what it applies to', async () => {
    const world = await worldWith()
    const deleteActions = {
      ...plugins().deleteActions,
      appliesTo: () => Promise.reject(new PluginError('died', 'dead')),
    }
    const outcome = await act(world, 'runDeleteActions', { ...inputOf(world), from: 0 }, { deleteActions })
    expect(outcome).toMatchObject({
      result: { stop: 'error invoking delete item actions: plugin example.io/one: dead' },
    })
  })

  it('with a CSI snapshot make the driver delete it, with a finalizer that waits for that, and leave that of another backup', async () => {
    const world = await worldWith(withCsiSnapshot)
    const created: unknown[] = []
    const input = { ...inputOf(world), from: 0 }
    const create = (ports: Parameters<typeof createActivities>[0], set: typeof settings) =>
      createActivities(
        {
          ...ports,
          cluster: {
            ...ports.cluster,
            create: (...args) => (created.push(args[2]), ports.cluster.create(...args)),
          },
        },
        set,
      )
    await runAttempts({ world, create, settings, activity: 'runDeleteActions', input })
    expect(created).toMatchObject([
      { spec: { deletionPolicy: 'Delete', driver: 'd', source: { snapshotHandle: 'snap-of-ours' } } },
    ])
    const left = world.cluster.objects().filter(({ kind }) => kind === 'VolumeSnapshotContent')
    expect(left.map(({ metadata }) => metadata)).toMatchObject([
      {
        finalizers: ['snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection'],
        deletionTimestamp: expect.any(String),
      },
    ])
  })
})

describe('the native snapshots of a deleted backup', () => {
  const location = (provider: string) => (world: World) =>
    void world.cluster.place({
      apiVersion: 'velero.io/v1',
      kind: 'VolumeSnapshotLocation',
      metadata: { name: 'here', namespace: 'velero' },
      spec: { provider },
    })

  it.each([
    ['good', []],
    ['bad', ['error deleting snapshot s-1: refused']],
  ])('are deleted by the plugin of their location: %s', async (provider, errors) => {
    const world = await worldWith(withNativeSnapshot, location(provider))
    const { asked, ...ports } = plugins()
    expect(await act(world, 'deleteSnapshots', inputOf(world), ports)).toEqual({ result: { errors } })
    expect(asked).toEqual([`delete s-1 of ${provider}`])
  })
})

it('the restores of a deleted backup stay until their files are gone, also those without Velero’s finalizer', async () => {
  const world = await worldWith()
  const restore = () => world.cluster.look(at('restores', 'again'))?.metadata
  expect(restore()?.finalizers ?? []).toEqual([])
  const seen: unknown[] = []
  world.clock.later(60_000, () => {
    const { finalizers, deletionTimestamp } = restore() ?? {}
    seen.push([finalizers, typeof deletionTimestamp])
    world.cluster.drop(at('restores', 'again'))
  })
  expect(await act(world, 'deleteRestoresOf', inputOf(world))).toEqual({ result: { errors: [] } })
  expect(seen).toEqual([[['restores.velero.io/external-resources-finalizer'], 'string']])
})
