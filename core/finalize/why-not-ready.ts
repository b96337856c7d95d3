import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { objectsAt, textAt, valueAt } from '../values/fields.ts'

/**
 * By resource: why an object is not ready; empty if it is ready. Objects of other resources are ready if they exist.
 */
export const whyNotReady: ReadonlyMap<GroupResource, (live: Manifest) => string> = new Map([
  ['deployments.apps', replicas],
  ['statefulsets.apps', replicas],
  ['replicasets.apps', replicas],
  ['daemonsets.apps', daemons],
  ['pods', pod],
  ['persistentvolumeclaims', claim],
])

function replicas(live: Manifest): string {
  const wanted = numberAt(live, 'spec', 'replicas') ?? 1
  const ready = numberAt(live, 'status', 'readyReplicas') ?? 0
  if (!isObserved(live)) return 'no controller has looked at it yet'
  return ready >= wanted ? '' : `${ready} of ${wanted} replicas are ready`
}

function daemons(live: Manifest): string {
  if (!isObserved(live)) return 'no controller has looked at it yet'
  const wanted = numberAt(live, 'status', 'desiredNumberScheduled') ?? 0
  const ready = numberAt(live, 'status', 'numberReady') ?? 0
  return ready >= wanted ? '' : `${ready} of ${wanted} pods are ready`
}

function isObserved(live: Manifest): boolean {
  return (numberAt(live, 'status', 'observedGeneration') ?? 0) >= (live.metadata.generation ?? 0)
}

function pod(live: Manifest): string {
  const phase = textAt(live, 'status', 'phase')
  if (phase === 'Succeeded') return ''
  const ready = objectsAt(live, 'status', 'conditions').find((condition) => textAt(condition, 'type') === 'Ready')
  return textAt(ready, 'status') === 'True' ? '' : `its phase is ${phase === '' ? 'unknown' : phase}`
}

function claim(live: Manifest): string {
  const phase = textAt(live, 'status', 'phase')
  return phase === 'Bound' ? '' : `it is ${phase === '' ? 'not bound' : phase}`
}

function numberAt(value: unknown, ...path: string[]): number | undefined {
  const found = valueAt(value, ...path)
  return typeof found === 'number' ? found : undefined
}
