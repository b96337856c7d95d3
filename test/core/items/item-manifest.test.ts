import { describe, expect, it, test } from 'vitest'
import { resetMetadataAndStatus, restoreLabels, restoresStatus, withLabels } from '../../../core/items/item-manifest.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from './builders.ts'

describe('resetting metadata', () => {
  it('takes away what the old cluster set, and the status; the rest stays', () => {
    const item = anObject(
      'ConfigMap',
      'a',
      {
        generateName: 'a-',
        selfLink: '/x',
        uid: 'u',
        resourceVersion: '1',
        generation: 2,
        creationTimestamp: 't',
        deletionTimestamp: 't',
        deletionGracePeriodSeconds: 3,
        ownerReferences: [],
        finalizers: ['f'],
        labels: { a: '1' },
        annotations: { b: '2' },
        managedFields: [{ manager: 'm' }],
      },
      { status: {}, data: {} },
    )
    expect(resetMetadataAndStatus(item)).toEqual({
      ...anObject('ConfigMap', 'a', {
        finalizers: ['f'],
        labels: { a: '1' },
        annotations: { b: '2' },
        managedFields: [{ manager: 'm' }],
      }),
      data: {},
    })
  })

  it.each([undefined, null, 'x'])('is not possible where metadata is %s', (metadata) => {
    expect(resetMetadataAndStatus({ kind: 'A', apiVersion: 'v1', metadata } as unknown as Manifest)).toBeUndefined()
  })
})

describe('restoring status', () => {
  const filter = { shouldInclude: (groupResource: string) => groupResource === 'jobs.batch' }
  const own = (value: string) => anObject('Job', 'j', { annotations: { 'velero.io/restore-status': value } })

  it.each<[string, Manifest, typeof filter | undefined, string, boolean]>([
    ['no filter', anObject('Job', 'j'), undefined, 'jobs.batch', false],
    ['a filter that includes it', anObject('Job', 'j'), filter, 'jobs.batch', true],
    ['a filter that does not', anObject('Job', 'j'), filter, 'pods', false],
    ['an annotation against the filter', own('false'), filter, 'jobs.batch', false],
    ['an annotation without a filter', own(' True '), undefined, 'pods', true],
    ['an annotation that says nothing', own('yes'), filter, 'jobs.batch', true],
  ])('%s', (_what, object, given, groupResource, restored) => {
    expect(restoresStatus(object, groupResource, given)).toBe(restored)
  })
})

const labelled = (labels: object): Manifest =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels } }) as unknown as Manifest

test('labels join those of the object', () => {
  expect(withLabels(labelled({ app: 'web' }), { by: 'us' }).metadata.labels).toEqual({ app: 'web', by: 'us' })
})

test('labels that are no map of texts are left behind, as Velero leaves them', () => {
  expect(withLabels(labelled({ app: 'web', restored: true }), { by: 'us' }).metadata.labels).toEqual({ by: 'us' })
})

test('the labels of a restore have at most 63 characters', () => {
  const made = restoreLabels({ name: 'r'.repeat(70), backupName: 'b' })
  expect(made['velero.io/restore-name']).toHaveLength(63)
  expect(made['velero.io/backup-name']).toBe('b')
})
