import { expect } from 'vitest'
import { by, bySecond, configMaps, custom, fieldsByManager, gadgets, named } from './statement-tools.ts'
import type { Statements } from './statement-tools.ts'

/** Who owns which fields. */
export const owning: Statements = {
  'managed fields': {
    'name who set which field, and pass to who changes it': async ({ cluster, add, at }) => {
      const meta = { labels: { l: 'v' }, annotations: { n: '1' }, finalizers: ['d.io/a'] }
      const made = await add('a', { data: { x: '1' } }, meta)
      const [first] = made.metadata.managedFields ?? []
      expect(made.metadata.managedFields).toHaveLength(1)
      expect(first).toMatchObject({ manager: 'first', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' })
      expect(first?.time).toBe(made.metadata.creationTimestamp)
      const metadataFields = {
        'f:annotations': { '.': {}, 'f:n': {} },
        'f:finalizers': { '.': {}, 'v:"d.io/a"': {} },
        'f:labels': { '.': {}, 'f:l': {} },
      }
      expect(first?.fieldsV1).toEqual({ 'f:data': { '.': {}, 'f:x': {} }, 'f:metadata': metadataFields })
      await cluster.patch(at('a'), { data: { y: '2' } }, bySecond)
      const third = await cluster.patch(at('a'), { data: { x: '9', y: null } }, { fieldManager: 'third' })
      expect(fieldsByManager(third)).toEqual({
        first: { 'f:data': {}, 'f:metadata': metadataFields },
        third: { 'f:data': { 'f:x': {} } },
      })
    },
    'of a custom kind count each map as a field': async ({ cluster, namespace }) => {
      const spec = { a: 1, l: [1, 2], m: { n: { o: 1 } } }
      const made = await cluster.create(gadgets, namespace, { ...custom('Gadget', 'g'), spec }, by)
      const m = { '.': {}, 'f:n': { '.': {}, 'f:o': {} } }
      expect(fieldsByManager(made)).toEqual({ first: { 'f:spec': { '.': {}, 'f:a': {}, 'f:l': {}, 'f:m': m } } })
    },
    'that are patched stand as they were sent': async ({ cluster, add, at }) => {
      await add('a', { data: { x: '1', y: '1' } })
      const patched = await cluster.patch(at('a'), { metadata: { managedFields: [backedUp] } }, bySecond)
      expect(patched.metadata.managedFields).toEqual([backedUp])
      const untouched = await cluster.patch(at('a'), { metadata: { managedFields: null } }, bySecond)
      expect(untouched.metadata).toEqual(patched.metadata)
      const cleared = await cluster.patch(at('a'), { metadata: { managedFields: [] } }, bySecond)
      expect(cleared.metadata.managedFields).toBeUndefined()
      const refilled = await cluster.patch(at('a'), { metadata: { managedFields: [backedUp] } }, bySecond)
      expect(refilled.metadata.managedFields).toEqual([backedUp])
      const emptied = await cluster.patch(at('a'), { metadata: { managedFields: [{}] } }, bySecond)
      expect(emptied.metadata.managedFields).toBeUndefined()
    },
    'are in an answer of which only the metadata are of use, also of a large object': async ({
      cluster,
      namespace,
    }) => {
      for (const [name, length] of [
        ['small', 1],
        ['large', 20_000],
      ] as const) {
        const body = { ...named('v1', 'ConfigMap', name), data: { x: 'a'.repeat(length) } }
        const made = await cluster.create(configMaps, namespace, body, { ...by, answer: 'metadata' })
        expect(fieldsByManager(made)).toEqual({ first: { 'f:data': { '.': {}, 'f:x': {} } } })
        expect(made.metadata.managedFields?.[0]?.time).toBe(made.metadata.creationTimestamp)
      }
    },
    'that are posted stay theirs but for what the writer sets itself': async ({ add }) => {
      const controllers = { ...backedUp, manager: 'controller', fieldsV1: { 'f:data': { 'f:other': {} } } }
      const made = await add(
        'a',
        { data: { x: '1', y: '1' } },
        { labels: { q: 'r' }, managedFields: [{ ...backedUp, manager: 'first' }, controllers] },
      )
      const own = { 'f:data': { '.': {}, 'f:x': {}, 'f:y': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:q': {} } } }
      expect(fieldsByManager(made)).toEqual({ controller: { 'f:data': { 'f:other': {} } }, first: own })
      expect(made.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['controller', 'first'])
      expect(made.metadata.managedFields?.[1]?.time).toBe(made.metadata.creationTimestamp)
    },
  },
}

const backedUp = {
  manager: 'backed-up',
  operation: 'Update',
  apiVersion: 'v1',
  time: '2021-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:data': { '.': {}, 'f:x': {} } },
}
