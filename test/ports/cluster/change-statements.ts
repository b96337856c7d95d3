import { expect } from 'vitest'
import { by, bySecond, custom, gadgets, nothings, refusal, widgets } from './statement-tools.ts'
import type { Statements } from './statement-tools.ts'

/** What changes of objects promise. */
export const changing: Statements = {
  'a patch': {
    'merges: null takes away, a list is replaced': async ({ cluster, add, at }) => {
      const { metadata } = await add(
        'a',
        { data: { x: '1', y: '2' } },
        { labels: { l: 'v' }, finalizers: ['d.io/a', 'd.io/b'] },
      )
      const patch = { data: { x: null, z: '3' }, metadata: { finalizers: ['d.io/b'] } }
      const patched = await cluster.patch(at('a'), patch, by)
      expect(patched).toMatchObject({
        data: { y: '2', z: '3' },
        metadata: { labels: { l: 'v' }, finalizers: ['d.io/b'] },
      })
      expect(Object.keys(patched['data'] as object)).toEqual(['y', 'z'])
      expect(patched.metadata.uid).toBe(metadata.uid)
      expect(patched.metadata.resourceVersion).not.toBe(metadata.resourceVersion)
      expect(await cluster.get(at('a'))).toEqual(patched)
    },
    'that changes nothing leaves the resourceVersion': async ({ cluster, add, at }) => {
      const made = await add('a', { data: { x: '1' } })
      const patched = await cluster.patch(at('a'), { data: { x: '1' } }, bySecond)
      expect(patched.metadata).toEqual(made.metadata)
    },
    'is refused with an old resourceVersion, whatever the uid': async ({ cluster, add, at }) => {
      const { metadata } = await add('a')
      const { resourceVersion } = metadata
      await cluster.patch(at('a'), { data: { x: '1' } }, by)
      const text =
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again'
      const patch = (meta: object) => cluster.patch(at('a'), { metadata: meta, data: { x: '2' } }, by)
      await refusal(patch({ resourceVersion }), 409, 'Conflict', text)
      await refusal(patch({ resourceVersion, uid: 'other' }), 409, 'Conflict', text)
    },
    'is refused as invalid with another uid': async ({ cluster, add, at }) => {
      await add('a')
      const patched = cluster.patch(at('a'), { metadata: { uid: 'other' } }, by)
      const text = 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "other": field is immutable'
      await refusal(patched, 422, 'Invalid', text)
    },
    'is refused with another name': async ({ cluster, add, at }) => {
      await add('a')
      const text = 'the name of the object (b) does not match the name on the URL (a)'
      await refusal(cluster.patch(at('a'), { metadata: { name: 'b' } }, by), 400, 'BadRequest', text)
    },
    'is refused where the object or its kind is missing': async ({ cluster, at, namespace }) => {
      const patch = (ref: ReturnType<typeof at>) => cluster.patch(ref, { metadata: { uid: 'x' } }, by)
      await refusal(patch(at('none')), 404, 'NotFound', 'configmaps "none" not found')
      await refusal(
        patch({ ...nothings, namespace, name: 'a' }),
        404,
        'NotFound',
        'the server could not find the requested resource',
      )
    },
    'counts in the generation what it changes in the spec': async ({ cluster, namespace }) => {
      await cluster.create(gadgets, namespace, { ...custom('Gadget', 'g'), spec: { a: 1 } }, by)
      const ref = { ...gadgets, namespace, name: 'g' }
      const generation = async (patch: object) => (await cluster.patch(ref, patch, by)).metadata.generation
      expect(await generation({ metadata: { labels: { l: 'v' } } })).toBe(1)
      expect(await generation({ spec: { a: 2 } })).toBe(2)
      expect(await generation({ status: { phase: 'New' } })).toBe(3)
    },
  },
  'a status': {
    'that is a subresource changes only by its own path': async ({ cluster, namespace }) => {
      const ref = { ...widgets, namespace, name: 'w' }
      await cluster.create(widgets, namespace, { ...custom('Widget', 'w'), spec: { a: 1 } }, by)
      const both = { spec: { a: 2 }, status: { s: 1 } }
      const main = await cluster.patch(ref, both, by)
      expect(main).toMatchObject({ spec: { a: 2 }, metadata: { generation: 2 } })
      expect(main['status']).toBeUndefined()
      const more = { ...both, spec: { a: 3 }, metadata: { labels: { l: 'v' } } }
      const status = await cluster.patch(ref, more, { ...by, subresource: 'status' })
      expect(status).toMatchObject({ spec: { a: 2 }, status: { s: 1 }, metadata: { generation: 2 } })
      expect(status.metadata.labels).toBeUndefined()
      expect(status.metadata.managedFields?.map((entry) => [entry.manager, entry.subresource])).toEqual([
        ['first', undefined],
        ['first', 'status'],
      ])
    },
    'is replaced under its resourceVersion only': async ({ cluster, namespace }) => {
      const ref = { ...widgets, namespace, name: 'w' }
      const made = await cluster.create(widgets, namespace, { ...custom('Widget', 'w'), spec: { a: 1 } }, by)
      const replaced = await cluster.replaceStatus(ref, { ...made, spec: { a: 9 }, status: { s: 4 } }, by)
      expect(replaced).toMatchObject({ spec: { a: 1 }, status: { s: 4 } })
      const text =
        'Operation cannot be fulfilled on widgets.conformance.drydock.io "w": the object has been modified; please apply your changes to the latest version and try again'
      await refusal(cluster.replaceStatus(ref, { ...made, status: { s: 5 } }, by), 409, 'Conflict', text)
      const blind = cluster.replaceStatus(ref, { ...custom('Widget', 'w'), status: { s: 5 } }, by)
      await refusal(
        blind,
        422,
        'Invalid',
        'widgets.conformance.drydock.io "w" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
      )
      const missing = cluster.replaceStatus({ ...ref, name: 'none' }, custom('Widget', 'none'), by)
      await refusal(missing, 404, 'NotFound', 'widgets.conformance.drydock.io "none" not found')
    },
    'that is no subresource has no path': async ({ cluster, namespace, add, at }) => {
      await cluster.create(gadgets, namespace, custom('Gadget', 'g'), by)
      const ref = { ...gadgets, namespace, name: 'g' }
      const patched = cluster.patch(ref, { status: {} }, { ...by, subresource: 'status' })
      await refusal(patched, 404, 'NotFound', 'gadgets.conformance.drydock.io "g" not found')
      const replaced = cluster.replaceStatus(ref, custom('Gadget', 'g'), by)
      await refusal(replaced, 404, 'NotFound', 'gadgets.conformance.drydock.io "g" not found')
      await add('a')
      const builtIn = cluster.patch(at('a'), { status: {} }, { ...by, subresource: 'status' })
      await refusal(builtIn, 404, 'NotFound', 'the server could not find the requested resource')
    },
  },
  'a delete': {
    'takes the object away, and is undefined for one that is not there': async ({ cluster, add, at }) => {
      const { metadata } = await add('a')
      expect(await cluster.remove(at('a'), { uid: metadata.uid ?? '' })).toMatchObject({
        kind: 'Status',
        status: 'Success',
      })
      expect(await cluster.get(at('a'))).toBeUndefined()
      expect(await cluster.remove(at('a'), { uid: 'x' })).toBeUndefined()
      const again = await add('a')
      expect(again.metadata.uid).not.toBe(metadata.uid)
    },
    'is refused where a precondition does not hold': async ({ cluster, add, at }) => {
      const { metadata } = await add('a')
      const uid = `the UID in the precondition (x) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`
      const opening = 'Operation cannot be fulfilled on ConfigMap "a": '
      await refusal(cluster.remove(at('a'), { uid: 'x' }), 409, 'Conflict', `${opening}${uid}`)
      const version = `the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`
      await refusal(cluster.remove(at('a'), { resourceVersion: '1' }), 409, 'Conflict', `${opening}${version}`)
    },
    'removes nothing as a dry run, and is refused as any other': async ({ cluster, add, at }) => {
      const { metadata } = await add('a')
      await cluster.remove(at('a'), { uid: metadata.uid ?? '', dryRun: true })
      await cluster.remove(at('a'), { propagation: 'Foreground', dryRun: true })
      expect((await cluster.get(at('a')))?.metadata).toEqual(metadata)
      const opening = 'Operation cannot be fulfilled on ConfigMap "a": '
      const uid = `the UID in the precondition (x) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`
      await refusal(cluster.remove(at('a'), { uid: 'x', dryRun: true }), 409, 'Conflict', `${opening}${uid}`)
    },
    'in the foreground waits for the garbage collector': async ({ cluster, add, at }) => {
      const { metadata } = await add('a')
      const going = await cluster.remove(at('a'), { uid: metadata.uid ?? '', propagation: 'Foreground' })
      expect(going?.metadata).toMatchObject({ uid: metadata.uid, finalizers: ['foregroundDeletion'] })
      expect(going?.metadata.deletionTimestamp).toBeDefined()
    },
    'waits for the last finalizer, and takes no new one': async ({ cluster, add, at }) => {
      const made = await add('a', {}, { finalizers: ['d.io/a'] })
      const going = await cluster.remove(at('a'))
      expect(going?.metadata).toMatchObject({
        uid: made.metadata.uid,
        deletionGracePeriodSeconds: 0,
        finalizers: ['d.io/a'],
      })
      expect(going?.metadata.deletionTimestamp).toBeDefined()
      expect((await cluster.remove(at('a')))?.metadata).toEqual(going?.metadata)
      const patch = (finalizers: string[]) => cluster.patch(at('a'), { metadata: { finalizers } }, by)
      const text =
        'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"d.io/b"}'
      await refusal(patch(['d.io/a', 'd.io/b']), 422, 'Invalid', text)
      expect((await patch([])).metadata.deletionTimestamp).toBe(going?.metadata.deletionTimestamp)
      expect(await cluster.get(at('a'))).toBeUndefined()
    },
  },
}
