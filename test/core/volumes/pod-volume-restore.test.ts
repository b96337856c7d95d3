import { expect, test } from 'vitest'
import { makePodVolumeRestore, podVolumeRestoreName, podVolumes } from '../../../core/volumes/pod-volume-restore.ts'
import { aPod } from '../actions/action-input.ts'
import { aPodWithVolumes } from './pod-with-volumes.ts'

const restore = { namespace: 'velero', name: 'r', uid: 'restore-uid', spec: { backupName: 'b' } }

function aBackup(volume: string, status: object = { snapshotID: `s-${volume}` }, spec: object = {}) {
  const pod = { kind: 'Pod', namespace: 'src', name: 'p' }
  return {
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeBackup',
    metadata: { name: volume },
    spec: { pod, volume, uploaderType: 'kopia', ...spec },
    status,
  }
}

test('each backed-up volume of the pod is listed with its snapshot, sorted, with the claim behind it', () => {
  const pod = aPod({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }] })
  const backups = [aBackup('logs'), aBackup('data', { snapshotID: 's-data', progress: { totalBytes: 9 } })]
  expect(podVolumes(pod, 'src', backups)).toEqual([
    { volume: 'data', snapshotID: 's-data', snapshotSize: 9, uploaderType: 'kopia', claim: 'c' },
    { volume: 'logs', snapshotID: 's-logs', snapshotSize: 0, uploaderType: 'kopia' },
  ])
})

test('backups of other pods, other namespaces and without a snapshot do not count', () => {
  const other = aBackup('data', {}, { pod: { namespace: 'src', name: 'q' } })
  expect(podVolumes(aPod(), 'src', [other, aBackup('data', { phase: 'Failed' })])).toEqual([])
  expect(podVolumes(aPod(), 'elsewhere', [aBackup('data')])).toEqual([])
})

test('a backup that names no uploader is restic’s, and so are the annotations of long ago', () => {
  expect(podVolumes(aPod(), 'src', [aBackup('data', { snapshotID: 's' }, { uploaderType: '' })])[0]?.uploaderType).toBe(
    'restic',
  )
  const annotated = aPod({}, { annotations: { 'snapshot.velero.io/data': 'old' } })
  expect(podVolumes(annotated, 'src', [])).toEqual([
    { volume: 'data', snapshotID: 'old', snapshotSize: 0, uploaderType: 'restic' },
  ])
})

test('the order names pod, snapshot and source as a node agent reads them', () => {
  const work = aPodWithVolumes()
  const source = { location: 'default', repoIdentifier: '', claimUid: 'claim-uid' }
  expect(makePodVolumeRestore(work, work.volumes[0]!, restore, source)).toEqual({
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeRestore',
    metadata: {
      name: podVolumeRestoreName(work, 'data', restore),
      namespace: 'velero',
      ownerReferences: [
        { apiVersion: 'velero.io/v1', kind: 'Restore', name: 'r', uid: 'restore-uid', controller: true },
      ],
      labels: {
        'velero.io/restore-name': 'r',
        'velero.io/restore-uid': 'restore-uid',
        'velero.io/pod-uid': 'pod-uid',
        'velero.io/pvc-uid': 'claim-uid',
      },
    },
    spec: {
      pod: { kind: 'Pod', namespace: 'copy', name: 'web', uid: 'pod-uid' },
      volume: 'data',
      backupStorageLocation: 'default',
      repoIdentifier: '',
      uploaderType: 'kopia',
      snapshotID: 's-data',
      sourceNamespace: 'app',
      snapshotSize: 7,
    },
  })
})

test('the wishes for the uploader go along', () => {
  const wishes = { ...restore, spec: { uploaderConfig: { parallelFilesDownload: 4 } } }
  const order = makePodVolumeRestore(aPodWithVolumes(), aPodWithVolumes().volumes[0]!, wishes, {
    location: 'default',
    repoIdentifier: '',
  })
  expect(order['spec']).toMatchObject({ uploaderSettings: { WriteSparseFiles: 'false', ParallelFilesDownload: '4' } })
})

test('a pod that was made again gets orders of its own; one that is the same finds the old ones', () => {
  const name = podVolumeRestoreName(aPodWithVolumes(), 'data', restore)
  expect(podVolumeRestoreName(aPodWithVolumes(), 'data', restore)).toBe(name)
  expect(podVolumeRestoreName(aPodWithVolumes(), 'logs', restore)).not.toBe(name)
  const again = aPodWithVolumes({ pod: { namespace: 'copy', name: 'web', uid: 'another' } })
  expect(podVolumeRestoreName(again, 'data', restore)).not.toBe(name)
})

test('after v1.18 the order says how it fills the volume, and whether it deletes files', () => {
  const work = aPodWithVolumes()
  const spec = { existingVolumeDataPolicy: 'full', uploaderConfig: { deleteExtraFiles: true } }
  const source = { location: 'default', repoIdentifier: '' }
  const order = makePodVolumeRestore(work, work.volumes[0]!, { ...restore, spec, api: 'next' }, source)
  expect(order['spec']).toMatchObject({
    restoreType: 'full',
    uploaderSettings: { WriteSparseFiles: 'false', DeleteExtraFiles: 'true' },
  })
  const plain = makePodVolumeRestore(work, work.volumes[0]!, { ...restore, api: 'next' }, source)
  expect(plain['spec']).toMatchObject({ restoreType: '' })
})
