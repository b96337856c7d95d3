import { valueAt } from '../../../core/values/fields.ts'
import { describe, expect, test } from 'vitest'
import { builtInActions } from '../../../core/actions/built-in.ts'
import { parseJson } from '../../../core/values/manifest-json.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { aBackup, aConfig, actionNamed, anInput, aPod, execute, pullIn, restoreUid } from './action-input.ts'

const imageKey = 'init.hook.restore.velero.io/container-image'

function firstInitContainer(pod: Manifest): Record<string, unknown> {
  return (pod['spec'] as { initContainers: Record<string, unknown>[] }).initContainers[0]!
}

describe('where Velero breaks down or throws dice', () => {
  test('an init hook with an image but no command is an error of the pod', () => {
    const pod = aPod({}, { annotations: { [imageKey]: 'alpine' } })
    expect(() => execute('velero.io/init-restore-hook', pod)).toThrow(
      `annotation ${imageKey} needs annotation init.hook.restore.velero.io/command beside it`,
    )
  })

  test('an init container without a name gets one that repeats, and that differs between pods', () => {
    const annotations = { [imageKey]: 'alpine', 'init.hook.restore.velero.io/command': 'x' }
    const nameFor = (name: string) => {
      const { item } = execute('velero.io/init-restore-hook', aPod({}, { name, annotations }))
      return firstInitContainer(item)['name']
    }
    expect(nameFor('a')).toMatch(/^velero-restore-init-[0-9a-f]{8}$/)
    expect(nameFor('a')).toBe(nameFor('a'))
    expect(nameFor('a')).not.toBe(nameFor('b'))
  })

  test('of several image rules that fit, the first by key wins', () => {
    const config = aConfig({ b: 'old,second', a: 'old,first', c: 'old,third' })
    const pod = aPod({ containers: [{ name: 'c', image: 'old/x' }] })
    const { item } = execute('velero.io/change-image-name', pod, {
      facts: { pluginConfigs: { 'velero.io/change-image-name': [config] } },
    })
    expect(item['spec']).toEqual({ containers: [{ name: 'c', image: 'first/x' }] })
  })

  test('without a Deployment velero the waiting container runs the released image', () => {
    const pod = aPod({}, { annotations: { 'snapshot.velero.io/data': 'id' } })
    expect(firstInitContainer(execute('velero.io/pod-volume-restore', pod).item)['image']).toBe('velero/velero:v1.18.3')
  })
})

describe('what is created beside an item', () => {
  const claim: Manifest = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'shop', uid: 'u', annotations: { 'velero.io/data-upload-name': 'du' } },
    spec: {},
  }
  const result: Manifest = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'x',
      labels: {
        'velero.io/restore-uid': restoreUid,
        'velero.io/pvc-namespace-name': 'shop.data',
        'velero.io/resource-usage': 'DataUpload',
      },
    },
    data: { [restoreUid]: '{"snapshotSize":9007199254740993}' },
  }
  const facts = { backup: aBackup({ snapshotMoveData: true }), dataUploadResults: [result] }

  test('a second attempt names the DataDownload and the label as the first did', () => {
    const attempt = () => execute('velero.io/csi-pvc-restorer', claim, { facts })
    expect(attempt()).toEqual(attempt())
    expect(attempt().companions?.[0]?.manifest.metadata.name).toMatch(/^r-[0-9a-f]{12}$/)
  })

  test('another restore of the same claim names both otherwise', () => {
    const input = anInput(claim, { facts })
    const action = actionNamed('velero.io/csi-pvc-restorer')
    const labels = [{ [restoreUid]: '{}', other: '{}' }]
    const other = {
      ...result,
      data: labels[0]!,
      metadata: { ...result.metadata, labels: { ...result.metadata.labels, 'velero.io/restore-uid': 'other' } },
    }
    const one = action.execute(input)
    const two = action.execute({
      ...input,
      restore: { ...input.restore, uid: 'other' },
      facts: { ...input.facts, dataUploadResults: [other] },
    })
    expect(two.companions?.[0]?.manifest.metadata.name).not.toBe(one.companions?.[0]?.manifest.metadata.name)
    expect(two.item['spec']).not.toEqual(one.item['spec'])
  })

  test.each([
    [undefined, undefined, undefined],
    ['next', undefined, ''],
    ['next', 'none', ''],
    ['next', 'incremental', 'incremental'],
  ] as const)('the DataDownload says how it fills the volume: API %s, policy %s, type %j', (api, policy, type) => {
    const input = anInput(claim, { facts, spec: policy === undefined ? {} : { existingVolumeDataPolicy: policy } })
    const restore = { ...input.restore, ...(api === undefined ? {} : { api }) }
    const { companions } = actionNamed('velero.io/csi-pvc-restorer').execute({ ...input, restore })
    expect(valueAt(companions?.[0]?.manifest, 'spec', 'restoreType')).toBe(type)
  })

  test('the volume of a claim that stands is named to the data mover, and too small a one is an error', () => {
    const standing = { ...facts, existingClaims: ['shop/data'], inPlace: { volume: 'pv-1', capacity: '1Gi' } }
    const small = { ...result, data: { [restoreUid]: '{"snapshotSize":1073741825}' } }
    const fits = { ...result, data: { [restoreUid]: '{"snapshotSize":1073741824}' } }
    const made = execute('velero.io/csi-pvc-restorer', claim, { facts: { ...standing, dataUploadResults: [fits] } })
    expect(valueAt(made.companions?.[0]?.manifest, 'spec', 'targetVolume', 'pv')).toBe('pv-1')
    expect(() =>
      execute('velero.io/csi-pvc-restorer', claim, { facts: { ...standing, dataUploadResults: [small] } }),
    ).toThrow('existing PV pv-1 has 1Gi, and the data of the backup has 1073741825 bytes.')
    const left = { ...facts, existingClaims: ['shop/data'] }
    expect(execute('velero.io/csi-pvc-restorer', claim, { facts: left }).item).toBe(claim)
  })

  test('a snapshot beyond 2^53 bytes keeps its size', () => {
    const { companions } = execute('velero.io/csi-pvc-restorer', claim, { facts })
    expect(JSON.stringify(companions?.[0]?.manifest['spec'])).toContain('"snapshotSize":9007199254740993')
    const upload = parseJson(
      '{"apiVersion":"velero.io/v2alpha1","kind":"DataUpload","metadata":{"name":"du"},"spec":{},"status":{"progress":{"totalBytes":9007199254740993}}}',
    ) as Manifest
    const data = execute('velero.io/dataupload', upload).companions?.[0]?.manifest['data'] as Record<string, string>
    expect(data[restoreUid]).toContain('"snapshotSize":9007199254740993')
  })

  test('the stub of a group is marked as ours, and further snapshots of the group append to it', () => {
    const annotations = {
      'velero.io/csi-volumegroupsnapshot-handle': 'g',
      'velero.io/csi-volumesnapshot-handle': 'h',
      'velero.io/csi-driver-name': 'd',
    }
    const snapshot: Manifest = {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name: 'vs', namespace: 'shop', annotations },
      status: { boundVolumeSnapshotContentName: 'c' },
    }
    const stub = execute('velero.io/csi-volumesnapshot-restorer', snapshot).companions?.[0]
    expect(stub?.manifest.metadata.labels).toEqual({
      'velero.io/restore-name': 'r',
      'velero.io/restore-uid': restoreUid,
    })
    expect(stub?.appends).toEqual(['spec', 'source', 'groupSnapshotHandles', 'volumeSnapshotHandles'])
    expect(stub?.onError).toBeUndefined()
  })
})

test('a claim counts as standing already by its namespace in the target cluster', () => {
  const claim: Manifest = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'shop', annotations: { 'velero.io/volume-snapshot-name': 'vs' } },
    spec: { volumeName: 'pv' },
  }
  const spec = { namespaceMapping: { shop: 'copy' } }
  const pulled = (existingClaims: string[]) =>
    pullIn('velero.io/csi-pvc-restorer', claim, { spec, facts: { existingClaims } }).items.length
  expect(pulled(['shop/data'])).toBe(1)
  expect(pulled(['copy/data'])).toBe(0)
})

test('every action of snapshots needs the feature EnableCSI, and no other action does', () => {
  for (const { name, feature } of builtInActions) {
    expect(feature).toBe(name.startsWith('velero.io/csi-') ? 'EnableCSI' : undefined)
  }
})
