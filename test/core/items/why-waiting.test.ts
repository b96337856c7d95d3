import { describe, expect, it } from 'vitest'
import { whyNamespaceStays, whyNotEstablished, whyPodIsNotUp } from '../../../core/items/why-waiting.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const withConditions = (conditions: object[], finalizers?: string[]): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', ...(finalizers === undefined ? {} : { finalizers }) },
  status: { conditions },
})

describe('why a namespace stays', () => {
  it.each([
    ['the server says nothing', withConditions([]), ''],
    ['it has a finalizer of its own', withConditions([], ['shop.io/keep']), ': it has finalizers shop.io/keep'],
    [
      'an aggregated API is away, and content is left',
      withConditions([
        { type: 'NamespaceContentRemaining', status: 'True', message: 'pods. has 2 resource instances' },
        { type: 'NamespaceFinalizersRemaining', status: 'False', message: 'none' },
        { type: 'NamespaceDeletionDiscoveryFailure', status: 'True', message: 'metrics.k8s.io/v1beta1: stale' },
      ]),
      ': metrics.k8s.io/v1beta1: stale; pods. has 2 resource instances',
    ],
  ])('%s', (_when, namespace, why) => expect(whyNamespaceStays(namespace)).toBe(why))
})

describe('why a CRD is not established', () => {
  it.each([
    ['the server has not looked yet', [], 'the API server has said nothing of it yet'],
    [
      'its names are taken',
      [
        {
          type: 'NamesAccepted',
          status: 'False',
          reason: 'ListKindConflict',
          message: '"GizmoList" is already in use',
        },
        { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
      ],
      'NamesAccepted is False: "GizmoList" is already in use; Established is False: not all names are accepted',
    ],
    [
      'its schema is not structural',
      [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'NonStructuralSchema', status: 'True', message: 'spec: Required value' },
      ],
      'NonStructuralSchema is True: spec: Required value',
    ],
  ])('%s', (_when, conditions, why) => expect(whyNotEstablished(withConditions(conditions))).toBe(why))
})

describe('why a pod is not up', () => {
  const aPod = (status: object, nodeName = 'n1'): Manifest => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { nodeName },
    status,
  })
  it.each([
    [
      'nobody can bind its claim',
      aPod({ conditions: [{ type: 'PodScheduled', status: 'False', message: 'unbound PersistentVolumeClaims' }] }, ''),
      ', which is not scheduled: unbound PersistentVolumeClaims',
    ],
    [
      'an image is missing',
      aPod({
        containerStatuses: [{ name: 'app', state: { waiting: { reason: 'ErrImagePull', message: 'no such' } } }],
      }),
      ', whose container app waits: ErrImagePull: no such',
    ],
    ['no scheduler has seen it', aPod({}, ''), ', which is not scheduled'],
    ['its node is silent', aPod({}), ', of which node n1 has not reported yet'],
    ['it runs', aPod({ containerStatuses: [{ name: 'app', state: { running: {} } }] }), ''],
  ])('%s', (_when, pod, why) => expect(whyPodIsNotUp(pod)).toBe(why))
})
