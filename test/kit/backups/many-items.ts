import type { Manifest } from '../../../velero/manifest.ts'
import type { MadeUpBackup } from './put-backup.ts'
import { aNamespace } from './volume-backups.ts'

/** So many stand for "many": with small chunks there are enough of those to be in the midst of them. */
export const many = 300

/** Settings of a worker that restores so slowly that a test, or a command, comes in time to do something in the midst. */
export const slowly = { DRYDOCK_CHUNK_ITEMS: '10', DRYDOCK_ITEMS_IN_FLIGHT: '1' }

/**
 * A backup of small items in one namespace: that of its own name if none is given. The namespace is no item of it, but a restore
 * counts it as one, since it is created.
 */
export function manyItems(
  name: string,
  { count = many, namespace = name, kind = 'ConfigMap', labels = {} }: ManyItems = {},
): MadeUpBackup {
  return { name, items: Array.from({ length: count }, (_, index) => anItem(kind, namespace, `item-${index}`, labels)) }
}

/** What `manyItems` makes. */
export interface ManyItems {
  count?: number
  namespace?: string
  kind?: 'ConfigMap' | 'Secret'
  /** Labels of each, beside its own. */
  labels?: Record<string, string>
}

/** As Velero backs it up: with its owner, which a restore writes back. */
function anItem(
  kind: 'ConfigMap' | 'Secret',
  namespace: string,
  name: string,
  labels: Record<string, string> = {},
): readonly [string, Manifest] {
  const owner = {
    manager: 'unknown',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-11-23T20:32:23Z',
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:data': { '.': {}, 'f:key': {} },
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
      ...(kind === 'Secret' ? { 'f:type': {} } : {}),
    },
  }
  const content =
    kind === 'Secret'
      ? { data: { key: Buffer.from('value').toString('base64') }, type: 'Opaque' }
      : { data: { key: 'value' } }
  const metadata = { name, namespace, labels: { app: 'many', ...labels }, managedFields: [owner] }
  return [`${kind.toLowerCase()}s`, { apiVersion: 'v1', kind, metadata, ...content }]
}

/**
 * The same, and one more ConfigMap in a namespace `<name>-last`. Where a test holds that (`holdNamespace`), the restore stays in
 * progress after all else is restored, until the test lets it go.
 */
export function manyItemsAndLast(name: string, options: ManyItems = {}): MadeUpBackup {
  const { items } = manyItems(name, options)
  return { name, items: [...items, anItem('ConfigMap', `${name}-last`, 'last')] }
}

/** A backup of namespace `web` with its default account, and so many Secrets and ConfigMaps each: four waves. */
export function webBackup(name: string, count: number): MadeUpBackup {
  const namespace = 'web'
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }
  return {
    name,
    items: [
      aNamespace(namespace),
      ['serviceaccounts', account],
      ...manyItems(name, { count, namespace, kind: 'Secret' }).items,
      ...manyItems(name, { count, namespace }).items,
    ],
  }
}
