import { describe, expect, it } from 'vitest'
import { whyNotReady } from '../../../core/finalize/why-not-ready.ts'

const why = (groupResource: string, parts: object) =>
  whyNotReady.get(groupResource)?.({ apiVersion: 'v1', kind: 'X', metadata: { name: 'x', generation: 2 }, ...parts })

describe('why an object is not ready', () => {
  it.each([
    ['deployments.apps', { spec: { replicas: 2 }, status: { observedGeneration: 2, readyReplicas: 2 } }, ''],
    ['deployments.apps', { spec: { replicas: 2 }, status: { observedGeneration: 2 } }, '0 of 2 replicas are ready'],
    [
      'statefulsets.apps',
      { spec: { replicas: 0 }, status: { observedGeneration: 1 } },
      'no controller has looked at it yet',
    ],
    [
      'daemonsets.apps',
      { status: { observedGeneration: 2, desiredNumberScheduled: 3, numberReady: 1 } },
      '1 of 3 pods are ready',
    ],
    ['pods', { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }, ''],
    ['pods', { status: { phase: 'Succeeded' } }, ''],
    ['pods', { status: { phase: 'Pending' } }, 'its phase is Pending'],
    ['persistentvolumeclaims', { status: { phase: 'Bound' } }, ''],
    ['persistentvolumeclaims', {}, 'it is not bound'],
    ['configmaps', {}, undefined],
  ])('%s with %j: %s', (groupResource, parts, expected) => {
    expect(why(groupResource, parts)).toBe(expected)
  })
})
