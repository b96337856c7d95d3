import { expect } from 'vitest'
import { by, configMaps, custom, gadgets, named, namespaces, nothings, refusal, widgets } from './statement-tools.ts'
import type { Statements } from './statement-tools.ts'

/** What a create promises, and the namespace it goes into. */
export const creating: Statements = {
  'a create': {
    'gives uid, resourceVersion, time and namespace, whatever was posted': async ({ add, namespace }) => {
      const foreign = {
        uid: 'mine',
        creationTimestamp: '2020-01-01T00:00:00Z',
        deletionTimestamp: '2020-01-01T00:00:00Z',
      }
      const made = await add('a', { data: { x: '1' } }, foreign)
      expect(made).toMatchObject({ kind: 'ConfigMap', data: { x: '1' }, metadata: { name: 'a', namespace } })
      expect(made.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-/)
      expect(made.metadata.resourceVersion).toMatch(/^[1-9]\d*$/)
      expect(made.metadata.creationTimestamp).toMatch(/^20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      expect(made.metadata.creationTimestamp).not.toBe('2020-01-01T00:00:00Z')
      expect(made.metadata.deletionTimestamp).toBeUndefined()
    },
    'keeps nothing as a dry run, nor does a patch': async ({ cluster, add, at, namespace }) => {
      const dry = { ...by, dryRun: true } as const
      const posted = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }
      const made = await cluster.create(configMaps, namespace, posted, dry)
      expect(made.metadata).toMatchObject({ name: 'a', namespace })
      expect(await cluster.get(at('a'))).toBeUndefined()
      const standing = await add('a', { data: { x: '1' } })
      await refusal(
        cluster.create(configMaps, namespace, posted, dry),
        409,
        'AlreadyExists',
        'configmaps "a" already exists',
      )
      expect(await cluster.patch(at('a'), { data: { x: '2' } }, dry)).toMatchObject({ data: { x: '2' } })
      expect(await cluster.get(at('a'))).toEqual(standing)
    },
    'is refused where the object stands there': async ({ add }) => {
      await add('a')
      await refusal(add('a'), 409, 'AlreadyExists', 'configmaps "a" already exists')
    },
    'is refused in other words where that one is being deleted': async ({ cluster, add, at }) => {
      await add('a', {}, { finalizers: ['drydock.io/held'] })
      await cluster.remove(at('a'))
      await refusal(add('a'), 409, 'AlreadyExists', 'object is being deleted: configmaps "a" already exists')
    },
    'is refused where the namespace is missing': async ({ cluster }) => {
      const made = cluster.create(configMaps, 'nowhere', named('v1', 'ConfigMap', 'a'), by)
      await refusal(made, 404, 'NotFound', 'namespaces "nowhere" not found')
    },
    'is refused in a namespace that is going away': async ({ cluster, add, namespace }) => {
      await cluster.remove({ ...namespaces, name: namespace })
      const text = `unable to create new content in namespace ${namespace} because it is being terminated`
      const thrown = await refusal(add('a'), 403, 'Forbidden', `configmaps "a" is forbidden: ${text}`)
      expect(thrown.causes).toEqual([
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ])
    },
    'is refused for a kind that is not served': async ({ cluster, namespace }) => {
      const made = cluster.create(nothings, namespace, named('conformance.drydock.io/v1', 'Nothing', 'a'), by)
      await refusal(made, 404, 'NotFound', 'the server could not find the requested resource')
    },
    'is refused without a name': async ({ cluster, namespace }) => {
      const nameless = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }
      const text = 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'
      await refusal(cluster.create(configMaps, namespace, nameless, by), 422, 'Invalid', text)
    },
    'is refused with a name that no object may have': async ({ add }) => {
      await refusal(
        add('Not_A_Name'),
        422,
        'Invalid',
        /^ConfigMap "Not_A_Name" is invalid: metadata\.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist of .* is '\[a-z0-9\].*'\)$/,
      )
    },
    'is refused with a resourceVersion': async ({ add }) => {
      await refusal(
        add('a', {}, { resourceVersion: '1' }),
        500,
        '',
        'resourceVersion should not be set on objects to be created',
      )
    },
    'is refused with another namespace or apiVersion in the object than in the path': async ({ add }) => {
      const other = 'the namespace of the provided object does not match the namespace sent on the request'
      await refusal(add('a', {}, { namespace: 'other' }), 400, 'BadRequest', other)
      await refusal(
        add('a', { apiVersion: 'v2' }),
        400,
        'BadRequest',
        /^ConfigMap in version "v2" cannot be handled as a ConfigMap/,
      )
    },
    'makes up the end of a generated name, another one each time': async ({ cluster, namespace }) => {
      const posted = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } }
      const names = [1, 2].map(async () => (await cluster.create(configMaps, namespace, posted, by)).metadata.name)
      const [one, two] = await Promise.all(names)
      expect(one).toMatch(/^made-[a-z0-9]{5}$/)
      expect(two).not.toBe(one)
    },
    'leaves the status out where that is a subresource, and keeps it elsewhere': async ({ cluster, namespace }) => {
      const status = { ready: true }
      const widget = await cluster.create(widgets, namespace, { ...custom('Widget', 'w'), spec: { a: 1 }, status }, by)
      expect(widget['status']).toBeUndefined()
      expect(widget).toMatchObject({ spec: { a: 1 }, metadata: { generation: 1 } })
      const gadget = await cluster.create(gadgets, namespace, { ...custom('Gadget', 'g'), status }, by)
      expect(gadget['status']).toEqual(status)
    },
  },
  'a namespace': {
    'is Active with its name as a label, and Terminating until its controller has emptied it': async ({
      cluster,
      namespace,
    }) => {
      const ref = { ...namespaces, name: namespace }
      expect(await cluster.get(ref)).toMatchObject({
        metadata: { labels: { 'kubernetes.io/metadata.name': namespace } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      })
      await cluster.remove(ref)
      const going = await cluster.get(ref)
      expect(going?.['status']).toEqual({ phase: 'Terminating' })
      expect(going?.metadata.deletionTimestamp).toBeDefined()
      const again = cluster.create(namespaces, undefined, named('v1', 'Namespace', namespace), by)
      await refusal(again, 409, 'AlreadyExists', `object is being deleted: namespaces "${namespace}" already exists`)
    },
    'that is going away lets its objects be changed': async ({ cluster, add, at, namespace }) => {
      await add('a')
      await cluster.remove({ ...namespaces, name: namespace })
      expect(await cluster.patch(at('a'), { data: { b: 'c' } }, by)).toMatchObject({ data: { b: 'c' } })
    },
  },
}
