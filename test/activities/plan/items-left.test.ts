import { describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from '../../core/items/builders.ts'
import { restoreWhole } from '../restore-whole.ts'

const configMap = (namespace: string, from: string): Manifest =>
  anObject('ConfigMap', 'prices', { namespace }, { data: { from } })
interface Shape {
  phase?: string
  annotations?: Record<string, string>
}
const pod = (
  namespace: string,
  claims: string | readonly string[],
  { phase = 'Running', annotations = {} }: Shape = {},
) =>
  anObject(
    'Pod',
    'web',
    { namespace, annotations, labels: { app: 'web' } },
    {
      spec: {
        containers: [{ name: namespace, image: 'example.com/app:1' }],
        volumes: [claims].flat().map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
      },
      status: { phase },
    },
  )
const claim = (namespace: string, name: string) =>
  anObject('PersistentVolumeClaim', name, { namespace }, { spec: { accessModes: ['ReadWriteOnce'], resources: {} } })

const into = { a: 'c', b: 'c' }
const at = (resource: string, name: string) => ({ group: '', version: 'v1', resource, namespace: 'c', name })

describe('two namespaces that are mapped into one', () => {
  it.each([undefined, 'none', 'update'])(
    'the first object of a name wins, policy %s',
    async (existingResourcePolicy) => {
      const { world, list, results, log } = await restoreWhole({
        items: { configmaps: [configMap('a', 'a'), configMap('b', 'b')] },
        spec: { namespaceMapping: into, ...(existingResourcePolicy === undefined ? {} : { existingResourcePolicy }) },
      })
      expect(world.cluster.look(at('configmaps', 'prices'))).toMatchObject({ data: { from: 'a' } })
      expect(list).toEqual({ 'v1/ConfigMap': ['c/prices(created)'], 'v1/Namespace': ['c(created)'] })
      expect(results).toEqual({ errors: {}, warnings: {} })
      expect(log).toContain('a/prices is restored at its place in namespace c')
    },
  )

  it('brings no claim of the pod that is left out', async () => {
    const { world, list, results } = await restoreWhole({
      items: {
        pods: [pod('a', 'of-a'), pod('b', 'of-b')],
        persistentvolumeclaims: [claim('a', 'of-a'), claim('b', 'of-b')],
      },
      spec: { namespaceMapping: into, labelSelector: { matchLabels: { app: 'web' } } },
    })
    expect(world.cluster.look(at('pods', 'web'))).toMatchObject({ spec: { containers: [{ name: 'a' }] } })
    expect(list).toMatchObject({ 'v1/Pod': ['c/web(created)'], 'v1/PersistentVolumeClaim': ['c/of-a(created)'] })
    expect(results).toEqual({ errors: {}, warnings: {} })
  })

  it('gives the place to the next one where the first is left before Velero notes it', async () => {
    const { world, list } = await restoreWhole({
      items: {
        pods: [pod('a', 'of-a', { phase: 'Succeeded' }), pod('b', 'of-b')],
        persistentvolumeclaims: [claim('b', 'of-b')],
        configmaps: [{ namespace: 'a', name: 'prices', text: '{"kind": ' }, configMap('b', 'b')],
      },
      spec: { namespaceMapping: into },
    })
    expect(world.cluster.look(at('pods', 'web'))).toMatchObject({ spec: { containers: [{ name: 'b' }] } })
    expect(world.cluster.look(at('configmaps', 'prices'))).toMatchObject({ data: { from: 'b' } })
    expect(list['v1/PersistentVolumeClaim']).toEqual(['c/of-b(created)'])
  })
})

describe('a pod that is not restored', () => {
  it.each([
    ['is over', { phase: 'Failed' }, undefined],
    ['is a mirror of a static pod', { annotations: { 'kubernetes.io/config.mirror': '3f' } }, ['shop/web(skipped)']],
  ])('brings no claim and misses none: it %s', async (_why, more, listed) => {
    const claims = ['of-it', 'not-in-the-backup']
    const { list, results } = await restoreWhole({
      items: { pods: [pod('shop', claims, more)], persistentvolumeclaims: [claim('shop', 'of-it')] },
      spec: { labelSelector: { matchLabels: { app: 'web' } } },
    })
    expect(list['v1/Pod']).toEqual(listed)
    expect(list['v1/PersistentVolumeClaim']).toBeUndefined()
    expect(results).toEqual({ errors: {}, warnings: {} })
  })
})
