import type { Manifest } from '../../../velero/manifest.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { openDefinition } from '../../kit/backups/open-definition.ts'
import type { BackedUpItem } from '../../kit/backups/put-backup.ts'

/** Items of one kind in the backup `mixed`. */
export const count = 40

const owner = (manager: string, fieldsV1: object) => ({
  managedFields: [
    { manager, operation: 'Update', apiVersion: 'v1', time: '2026-11-23T20:32:23Z', fieldsType: 'FieldsV1', fieldsV1 },
  ],
})

/** A ConfigMap. */
export function configMap(
  name: string,
  namespace: string,
  data: Record<string, string>,
  metadata: object = {},
): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...metadata }, data }
}

const definition = openDefinition({ group: 'undo.example.com', kind: 'Widget' })

const deployment: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'example.com/web:1' }] },
    },
  },
}

const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
}

const widget: Manifest = {
  apiVersion: 'undo.example.com/v1',
  kind: 'Widget',
  metadata: { name: 'one', namespace: 'shop' },
}

/** Of all kinds: created in a new namespace, in one that stands, and over objects that stand there. */
export const items: BackedUpItem[] = [
  ['customresourcedefinitions.apiextensions.k8s.io', definition],
  ['widgets.undo.example.com', widget],
  ['deployments.apps', deployment],
  ['services', service],
  ['serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'shop' } }],
  [
    'secrets',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key', namespace: 'shop' }, data: { key: 'dmFsdWU=' } },
  ],
  [
    'configmaps',
    configMap(
      'standing',
      'old',
      { a: 'backup', b: 'backup' },
      owner('operator', { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } }),
    ),
  ],
  [
    'secrets',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'standing', namespace: 'old' }, data: { key: 'YmFja3Vw' } },
  ],
  ['configmaps', configMap('edited', 'old', { a: 'backup' })],
  ...manyItems('many', { count, namespace: 'shop' }).items,
]

/** A small backup, restored under several names: the undo of each is killed in another activity. */
export const small: BackedUpItem[] = [
  ['configmaps', configMap('one', 'small', { a: 'backup' })],
  [
    'secrets',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key', namespace: 'small' }, data: { key: 'dmFsdWU=' } },
  ],
]

const apple: Manifest = {
  apiVersion: 'apples.example.com/v1',
  kind: 'Apple',
  metadata: { name: 'one', namespace: 'grove' },
}

/** A kind whose name comes before that of Deployments, and one of its objects. */
export const custom: BackedUpItem[] = [
  ['customresourcedefinitions.apiextensions.k8s.io', openDefinition({ group: 'apples.example.com', kind: 'Apple' })],
  ['apples.apples.example.com', apple],
  ['deployments.apps', { ...deployment, metadata: { ...deployment.metadata, namespace: 'grove' } }],
]
