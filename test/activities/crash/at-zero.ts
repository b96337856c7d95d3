import { valueAt } from '../../../core/values/fields.ts'
import type { World } from '../../ports/world.ts'
import { withShard } from './restore-in-memory.ts'

const deploymentAt = { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'shop', name: 'still' }

/** The restore has created a Deployment with none of its three replicas. */
export function withWorkloadAtZero(world: World): void {
  world.cluster.place({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'shop', name: 'still', generation: 1 },
    spec: { replicas: 0 },
  })
  const uid = world.cluster.look(deploymentAt)?.metadata.uid ?? ''
  const outcome = {
    key: 'deployments.apps|shop|still',
    action: 'created',
    object: { ...deploymentAt, uid },
    atZero: { replicas: 3 },
    messages: [],
    at: '2026-01-02T03:05:00Z',
  }
  withShard('outcomes/wave-099/chunk-00000/a-0000', [outcome])(world)
}

/** Makes the pods of Deployments. */
export function startWorkloadController(world: World): void {
  world.cluster.onChange((object, at) => {
    const [replicas, made] = [valueAt(object, 'spec', 'replicas'), valueAt(object, 'status', 'replicas')]
    if (object?.kind === 'Deployment' && replicas !== made)
      world.cluster.amend(at, { status: { observedGeneration: 99, replicas } })
  })
}
