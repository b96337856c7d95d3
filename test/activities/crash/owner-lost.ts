import type { World } from '../../ports/world.ts'
import { configMapAt } from './recreated.ts'
import { withShard } from './restore-in-memory.ts'

/** The restore has created a Gizmo and a ConfigMap that belonged to it. */
export function withOwnerLost(world: World): void {
  world.cluster.place({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'owned' }, data: {} })
  const owned = configMapAt('owned')
  const outcome = {
    key: 'configmaps|shop|owned',
    action: 'created',
    object: { ...owned, uid: world.cluster.look(owned)?.metadata.uid },
    owners: [{ apiVersion: 'example.com/v1', kind: 'Gizmo', name: 'first', controller: true }],
    messages: [],
    at: '2026-01-02T03:05:00Z',
  }
  withShard('outcomes/wave-098/chunk-00000/a-0000', [outcome])(world)
}
