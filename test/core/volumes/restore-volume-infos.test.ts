import { expect, test } from 'vitest'
import { restoreVolumeInfos } from '../../../core/volumes/restore-volume-infos.ts'
import type { VolumeObjects } from '../../../core/volumes/restore-volume-infos.ts'
import type { Manifest } from '../../../velero/manifest.ts'

function anObject(kind: string, name: string, parts: object, metadata: object = {}): Manifest {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'app', ...metadata }, ...parts }
}

function infos(objects: Partial<VolumeObjects>) {
  return restoreVolumeInfos({
    claims: [],
    snapshots: new Map(),
    podVolumeRestores: [],
    downloads: [],
    claimOfVolume: new Map(),
    natives: [],
    ...objects,
  })
}

const bound = anObject('PersistentVolumeClaim', 'data', { spec: { volumeName: 'pv-1' }, status: { phase: 'Bound' } })
const orderSpec = { pod: { namespace: 'app', name: 'web' }, volume: 'v', snapshotID: 's', uploaderType: 'kopia' }
const claimOfVolume = new Map([['app/web/v', 'data']])

test('a volume from a native snapshot is named with the claim that is bound to it', () => {
  const native = { snapshotId: 'snap', volumeType: 'fast', zone: 'z', iops: 3 }
  const info = { restoreMethod: 'NativeSnapshot', snapshotDataMoved: false }
  const nativeSnapshotInfo = { snapshotHandle: 'snap', volumeType: 'fast', volumeAZ: 'z', iops: '3', Phase: '' }
  const natives = ['pv-2', 'pv-1'].map((pv) => ({ pv, ...native }))
  expect(infos({ claims: [bound], natives })).toEqual([
    { pvcName: 'data', pvcNamespace: 'app', pvName: 'pv-1', ...info, nativeSnapshotInfo },
    { pvName: 'pv-2', ...info, nativeSnapshotInfo },
  ])
})

test('a restore without volumes has no volume info', () => {
  expect(infos({ claims: [bound] })).toEqual([])
})

test('a pod volume is told with the volume of its bound claim', () => {
  const order = anObject('PodVolumeRestore', 'o', { spec: orderSpec, status: { phase: 'Completed' } })
  expect(infos({ claims: [bound], podVolumeRestores: [order], claimOfVolume })).toEqual([
    {
      pvcName: 'data',
      pvcNamespace: 'app',
      pvName: 'pv-1',
      restoreMethod: 'PodVolumeRestore',
      snapshotDataMoved: false,
      pvrInfo: {
        snapshotHandle: 's',
        uploaderType: 'kopia',
        volumeName: 'v',
        podName: 'web',
        podNamespace: 'app',
        Phase: '',
      },
    },
  ])
})

test('podVolumeRestores without an end and volumes without a claim are left out', () => {
  const open = anObject('PodVolumeRestore', 'o', { spec: orderSpec, status: { phase: 'InProgress' } })
  const over = anObject('PodVolumeRestore', 'o', { spec: orderSpec, status: { phase: 'Failed' } })
  expect(infos({ podVolumeRestores: [open], claimOfVolume })).toEqual([])
  expect(infos({ podVolumeRestores: [over] })).toEqual([])
})

test('a claim from a snapshot is told with driver, handle and size', () => {
  const spec = { dataSource: { kind: 'VolumeSnapshot', name: 'snap' } }
  const claim = anObject('PersistentVolumeClaim', 'data', { spec, status: { phase: 'Pending' } })
  const annotations = { 'velero.io/csi-volumesnapshot-handle': 'h', 'velero.io/csi-driver-name': 'd' }
  const snapshot = anObject(
    'VolumeSnapshot',
    'snap',
    { spec: { source: { volumeSnapshotContentName: 'vsc' } }, status: { restoreSize: '1Gi' } },
    { annotations },
  )
  expect(infos({ claims: [claim], snapshots: new Map([['app/snap', snapshot]]) })).toEqual([
    {
      pvcName: 'data',
      pvcNamespace: 'app',
      restoreMethod: 'CSISnapshot',
      snapshotDataMoved: false,
      csiSnapshotInfo: { snapshotHandle: 'h', size: 1024 ** 3, driver: 'd', vscName: 'vsc', ReadyToUse: null },
    },
  ])
})

test('moved data is told with its operation', () => {
  const spec = { targetVolume: { pvc: 'data', pv: '', namespace: 'app' }, snapshotID: 's', datamover: 'other' }
  const labels = { 'velero.io/async-operation-id': 'dd-1' }
  const download = anObject('DataDownload', 'dd', { spec }, { labels, namespace: 'velero' })
  expect(infos({ claims: [bound], downloads: [download] })).toEqual([
    {
      pvcName: 'data',
      pvcNamespace: 'app',
      pvName: 'pv-1',
      restoreMethod: 'CSISnapshot',
      snapshotDataMoved: true,
      snapshotDataMovementInfo: {
        dataMover: 'other',
        uploaderType: 'kopia',
        snapshotHandle: 's',
        operationID: 'dd-1',
        size: 0,
        Phase: '',
      },
    },
  ])
})

test('a volume that a retry has filled again is told once, by its last order', () => {
  const spec = { targetVolume: { namespace: 'app', pvc: 'data' }, snapshotID: 's' }
  const order = (name: string, phase: string, second: number) =>
    anObject(
      'DataDownload',
      name,
      { spec, status: { phase } },
      {
        creationTimestamp: `2026-01-02T03:04:0${second}Z`,
        labels: { 'velero.io/async-operation-id': `of-${name}` },
      },
    )
  const told = (...downloads: Manifest[]) =>
    infos({ claims: [bound], downloads }).map(({ snapshotDataMovementInfo: info }) => info?.operationID)
  expect(told(order('a', 'Completed', 2), order('b', 'Canceled', 1))).toEqual(['of-a'])
  expect(told(order('a', 'Canceled', 1), order('b', 'Completed', 1))).toEqual(['of-b'])
  expect(told(order('a', 'Failed', 1), order('b', 'Failed', 2))).toEqual(['of-b'])
})
