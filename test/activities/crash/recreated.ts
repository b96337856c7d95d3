import type { RecreateNote } from '../../../activities/existing/recreate-notes.ts'
import { sha256Hex } from '../../../core/values/derived-names.ts'
import type { World } from '../../ports/world.ts'
import { withShard } from './restore-in-memory.ts'
import type { Asked } from './restore-in-memory.ts'

/** What the annotation says of objects that exist, and no policy in the spec. */
export const existing = (value: string): Asked => ({
  spec: { existingResourcePolicy: '' },
  annotations: { 'drydock.io/existing': value },
})

/** Objects that differ are deleted and created anew. */
export const anew = existing('recreate')

/** Where a ConfigMap of the backup is in the cluster. */
export const configMapAt = (name: string) => ({
  group: '',
  version: 'v1',
  resource: 'configmaps',
  namespace: 'shop',
  name,
})

/** Puts a ConfigMap there that is older than the restore and differs. */
export function placeOlder({ cluster }: World, name: string): void {
  const metadata = { name, namespace: 'shop', creationTimestamp: '2025-01-01T00:00:00Z', uid: `uid-of-${name}` }
  cluster.place({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'older' } })
}

/** Two ConfigMaps were deleted for their items: `other` is gone, and a finalizer holds `same`. */
export function withObjectsDeleted(world: World): void {
  for (const name of ['other', 'same']) {
    placeOlder(world, name)
    const key = `configmaps|shop|${name}`
    const item = { namespace: 'shop', name, target: 'shop' }
    const object = { ...configMapAt(name), uid: `uid-of-${name}` }
    const note: RecreateNote = { key, groupResource: 'configmaps', item, object }
    withShard(`recreate/${sha256Hex(key).slice(0, 40)}`, note)(world)
  }
  world.cluster.drop(configMapAt('other'))
  const live = world.cluster.look(configMapAt('same'))
  world.cluster.amend(configMapAt('same'), {
    metadata: { ...live?.metadata, deletionTimestamp: '2026-01-02T03:04:00Z', finalizers: ['example.com/hold'] },
  })
}
