import { expect, test } from 'vitest'
import { withLabels } from '../../../core/items/item-metadata.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const labelled = (labels: object): Manifest =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels } }) as unknown as Manifest

test('labels join those of the object', () => {
  expect(withLabels(labelled({ app: 'web' }), { by: 'us' }).metadata.labels).toEqual({ app: 'web', by: 'us' })
})

test('labels that are no map of texts are left behind, as Velero leaves them', () => {
  expect(withLabels(labelled({ app: 'web', restored: true }), { by: 'us' }).metadata.labels).toEqual({ by: 'us' })
})
