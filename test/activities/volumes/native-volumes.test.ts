import '../../ports/deterministic.ts'
import { CancelledFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { openJournal } from '../../../activities/frame/journal.ts'
import type { ItemTools } from '../../../activities/items/item-tools.ts'
import type { VolumeSnapshotter } from '../../../activities/snapshotter-port.ts'
import { makeVolume, nativeShardsToKeep, warningsAbout } from '../../../activities/volumes/make-volume.ts'
import { hasEffect } from '../../ports/calls.ts'
import type { Fault, FaultPlan } from '../../ports/faults.ts'
import { cloneName } from '../../../core/volumes/native-volume.ts'
import type { VolumeSnapshotLocation } from '../../../velero/backup.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from '../../core/items/builders.ts'
import { cloudProvider } from '../../ports/plugins/snapshotters.ts'
import { createWorld } from '../../ports/world.ts'
import { restoreWhole } from '../restore-whole.ts'
import type { Whole, WholeRestored } from '../restore-whole.ts'

const claimRef = { namespace: 'shop', name: 'data' }
const volume = (metadata: object = {}, spec: object = {}) =>
  anObject('PersistentVolume', 'pv', metadata, {
    spec: { csi: { driver: 'd', volumeHandle: 'old' }, capacity: {}, ...spec },
  })
const claim = anObject('PersistentVolumeClaim', 'data', { namespace: 'shop' }, { spec: { volumeName: 'pv' } })

function location(provider = cloudProvider): Manifest {
  const metadata = { name: 'somewhere', namespace: 'velero' }
  return { apiVersion: 'velero.io/v1', kind: 'VolumeSnapshotLocation', metadata, spec: { provider } }
}

/** Restores a volume with that snapshot, and its claim. */
function restoring(snapshotId: string, more: Partial<Whole> = {}): Promise<WholeRestored> {
  const spec = { persistentVolumeName: 'pv', location: 'somewhere', volumeType: 'fast', volumeAZ: 'z', volumeIOPS: 5 }
  return restoreWhole({
    items: { persistentvolumes: [volume({}, { claimRef })], persistentvolumeclaims: [claim] },
    infos: [{ pvName: 'pv', backupMethod: 'NativeSnapshot' }],
    snapshots: [{ spec, status: { providerSnapshotID: snapshotId } }],
    standing: [location()],
    ...more,
  })
}

const look = ({ world }: WholeRestored, name: string) =>
  world.cluster.look({ group: '', version: 'v1', resource: 'persistentvolumes', name })
const handleOf = (restored: WholeRestored, name = 'pv') =>
  (look(restored, name)?.['spec'] as { csi: { volumeHandle: string } } | undefined)?.csi.volumeHandle
const claimed = ({ world }: WholeRestored, target = 'shop') => {
  const at = { group: '', version: 'v1', resource: 'persistentvolumeclaims', namespace: target, name: 'data' }
  return (world.cluster.look(at)?.['spec'] as { volumeName: string } | undefined)?.volumeName
}
const none = { errors: {}, warnings: {} }

describe('a volume with a native snapshot', () => {
  it('is made from it, and named in the volume info', async () => {
    const restored = await restoring('snap')
    expect(restored.results).toEqual(none)
    expect(handleOf(restored)).toBe('vol-snap')
    expect(look(restored, 'pv')?.['spec']).toMatchObject({ claimRef })
    expect(claimed(restored)).toBe('pv')
    expect(restored.volumeInfos).toMatchObject([
      {
        pvName: 'pv',
        restoreMethod: 'NativeSnapshot',
        nativeSnapshotInfo: { snapshotHandle: 'snap', volumeType: 'fast', volumeAZ: 'z', iops: '5' },
      },
    ])
  })

  it('is written as it is where its data is not wanted, or the backup has no snapshot of it', async () => {
    for (const more of [{ spec: { restorePVs: false } }, { snapshots: [] }]) {
      const restored = await restoring('snap', more)
      expect(restored.results).toEqual(none)
      expect(handleOf(restored)).toBe('old')
      expect(restored.world.cloud.volumes).toEqual([])
    }
  })

  it('is marked as the restore’s own where that is isolated: a drill takes the disk away again', async () => {
    const mark = (restored: WholeRestored) => look(restored, 'pv')?.metadata.annotations?.['drydock.io/from-snapshot']
    expect(mark(await restoring('snap', { annotations: { 'drydock.io/isolate': 'true' } }))).toMatch(/./)
    expect(mark(await restoring('snap'))).toBeUndefined()
  })

  it('is not made for a plan, which says what would go wrong', async () => {
    const annotations = { 'drydock.io/plan': 'true' }
    const { world, results } = await restoring('snap', { annotations })
    expect([world.cloud.volumes, results]).toEqual([[], none])
    const missing = await restoring('snap', { annotations, standing: [] })
    expect(missing.results.errors.cluster).toEqual([expect.stringContaining('VolumeSnapshotLocation')])
  })

  it('is not made where one of its name stands: a warning, as with Velero', async () => {
    const restored = await restoring('snap', { standing: [location(), volume()] })
    expect(restored.results).toEqual({
      errors: {},
      warnings: { cluster: [expect.stringMatching(/^could not restore, PersistentVolume:pv already exists/)] },
    })
    expect(restored.list['v1/PersistentVolume']).toEqual(['pv(failed)'])
    expect(restored.world.cloud.volumes).toEqual([])
  })

  it('gets another name where one of its name stands and its claim is mapped; the claim follows', async () => {
    const standing = [location(), volume()]
    const restored = await restoring('snap', { standing, spec: { namespaceMapping: { shop: 'copy' } } })
    const name = claimed(restored, 'copy') ?? ''
    expect(name).toMatch(/^velero-clone-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
    expect(name).not.toBe(cloneName('another restore', 'pv'))
    expect([handleOf(restored), handleOf(restored, name)]).toEqual(['old', 'vol-snap'])
    expect(look(restored, name)?.metadata.annotations).toEqual({ 'velero.io/original-pv-name': 'pv' })
    expect(look(restored, name)?.['spec']).toMatchObject({ claimRef: { namespace: 'copy' } })
    expect(restored.volumeInfos).toMatchObject([{ pvName: name }])
  })

  it('has the name that its plugin gives it', async () => {
    const restored = await restoring('renamed')
    expect(handleOf(restored, 'pv-renamed')).toBe('vol-renamed')
    expect(claimed(restored)).toBe('pv-renamed')
  })

  it.each<[string, string, Partial<Whole>, string]>([
    ['whose location is missing', 'snap', { standing: [] }, 'VolumeSnapshotLocation.velero.io "somewhere" not found'],
    [
      'whose plugin is missing',
      'snap',
      { standing: [location('nobody.io/x')] },
      'unable to get valid VolumeSnapshotter for "nobody.io/x"',
    ],
    ['whose plugin answers with an error', 'missing', {}, 'snapshot missing is not there'],
    ['that has no id', 'empty', {}, 'plugin example.io/files has answered CreateVolumeFromSnapshot without an id'],
    [
      'that has no name',
      'nameless',
      {},
      'plugin example.io/files has answered SetVolumeID with an object without a name',
    ],
    [
      'that is no object',
      'text',
      {},
      'plugin example.io/files has answered SetVolumeID with an item that is no JSON object',
    ],
  ])('%s is an error', async (_what, snapshotId, more, problem) => {
    const restored = await restoring(snapshotId, more)
    const text = `error executing PVAction for persistentvolumes/pv: ${problem}`
    expect(restored.results).toEqual({ errors: { cluster: [text] }, warnings: {} })
    expect(restored.list['v1/PersistentVolume']).toEqual(['pv(failed)'])
    expect(claimed(restored)).toBe('pv')
  })
})

describe('a volume whose making is disturbed', () => {
  const leftOver = (inUse: string) =>
    expect.stringMatching(
      new RegExp(
        `^a volume may be left over in location somewhere: a call that makes one from snapshot \\S+ was sent at 20\\S+Z by drydock-worker-\\d+ and its answer is not known.*${inUse}$`,
      ),
    ) as string

  it('is made again where its plugin dies, and what may be left over is named', async () => {
    const restored = await restoring('dies-once')
    expect(handleOf(restored)).toBe('vol-dies-once-2')
    const inUse = 'volume vol-dies-once-2 is the one in use'
    expect(restored.results).toEqual({ errors: {}, warnings: { cluster: [leftOver(inUse)] } })
  })

  it('is given up where its plugin dies each time', async () => {
    const { results, world } = await restoring('dies')
    expect(results.errors.cluster).toEqual([expect.stringContaining('plugin example.io/files died')])
    expect(results.warnings.cluster).toEqual(world.cloud.volumes.map(() => leftOver('names')))
    expect(world.cloud.volumes).toHaveLength(3)
  })

  it('is given up at once where its plugin does not answer in time', async () => {
    const { results, world } = await restoring('late')
    expect(results.errors.cluster).toEqual([expect.stringContaining('has not answered')])
    expect(results.warnings.cluster).toEqual([leftOver('names')])
    expect(world.cloud.volumes).toHaveLength(1)
  })

  it('is not waited for in a cancelled restore, and named', async () => {
    const { cloud, buckets, clock, log } = createWorld()
    buckets.make('backups')
    const store = await buckets.open({ ...location(), spec: { provider: 'aws', objectStorage: { bucket: 'backups' } } })
    const stop = new AbortController()
    const hanging: VolumeSnapshotter = {
      ...(await cloud.connect().open(location() as unknown as VolumeSnapshotLocation)),
      createVolume: (_source, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
          stop.abort(new CancelledFailure('CANCELLED'))
        }),
    }
    const journal = openJournal(store, { name: 'again', uid: 'u', cluster: 'c' })
    const attempt = { id: 'a', signal: stop.signal, throwIfStopped: () => undefined }
    const tools = { attempt, native: { journal, worker: 'w' }, clock, log, now: () => '2026-01-01T00:00:00Z' }
    const source = { snapshotId: 'snap', volumeType: '', zone: '', iops: 0 }
    const known = { begun: [], failed: [], made: undefined }
    const making = { folder: 'native/pv', plugin: 'example.io/files', opened: hanging, source, known }
    const all = tools as unknown as ItemTools
    await expect(makeVolume(making, all)).rejects.toThrow('cancelled while plugin example.io/files made the volume')
    const [message] = await warningsAbout('native/pv', { name: 'somewhere', snapshotId: 'snap' }, all)
    expect(message?.text).toContain('from snapshot snap was sent at 2026-01-01T00:00:00Z by w')
  })

  it('is kept for a retry; what was decided without one is decided anew', async () => {
    const { buckets } = createWorld()
    buckets.make('backups')
    const store = await buckets.open({ ...location(), spec: { provider: 'aws', objectStorage: { bucket: 'backups' } } })
    const journal = openJournal(store, { name: 'again', uid: 'u', cluster: 'c' })
    const kept = ['native/a/begun-1', 'native/a/fate', 'native/a/made', 'native/a/name', 'native/b/begun-1']
    for (const shard of [...kept, 'native/b/fate']) await journal.write(shard, {})
    expect(await nativeShardsToKeep(journal)).toEqual(kept)
  })

  /** That fault at a call of the first attempt. */
  const at =
    (fault: Fault) =>
    (call: number): [string, Whole['faults']] => [
      `${fault} at call ${call}`,
      (attempt) => (n) => (attempt === 1 && n === call ? fault : undefined),
    ]

  it('is one, or the others are named, wherever worker, bucket and cluster fail', async () => {
    const [calls, effects] = [new Set<number>(), new Set<number>()]
    const note: FaultPlan = (n, call) => {
      calls.add(n)
      if (hasEffect(call)) effects.add(n)
      return undefined
    }
    const undisturbed = await restoring('snap', { faults: () => note })
    const points: [string, Whole['faults']][] = [
      ...[...calls].map(at('death')),
      ...[...effects].map(at('unanswered')),
      ['death in each attempt, later each time', (attempt) => (n) => (n === 2 * attempt ? 'death' : undefined)],
    ]
    for (const [where, faults] of points) {
      const restored = await restoring('snap', { ...(faults && { faults }) })
      const { world, list, results } = restored
      expect([where, list]).toEqual([where, undisturbed.list])
      expect([where, world.cloud.volumes]).toEqual([where, expect.arrayContaining([handleOf(restored)])])
      const others = world.cloud.volumes.length - 1
      const warned = results.warnings.cluster ?? []
      expect([where, results.errors, warned.length >= others]).toEqual([where, {}, true])
      expect([where, warned]).toEqual([where, warned.map(() => leftOver('is the one in use'))])
    }
    expect(calls.size).toBeGreaterThan(15)
  })
})
