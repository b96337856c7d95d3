import { expect } from 'vitest'
import type { DiscoveredResource } from '../../../activities/ports.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { firstKinds } from './kinds.ts'
import {
  by,
  configMaps,
  custom,
  definitionOf,
  definitions,
  gadgets,
  named,
  nothings,
  refusal,
  until,
} from './statement-tools.ts'
import type { Statements } from './statement-tools.ts'

/** What reads promise, and what the cluster tells of its kinds. */
export const reading: Statements = {
  'a read': {
    'of what is not there, or of a kind that is not served, is undefined': async ({ cluster, at, namespace }) => {
      expect(await cluster.get(at('none'))).toBeUndefined()
      expect(await cluster.get({ ...at('none'), namespace: 'nowhere' })).toBeUndefined()
      expect(await cluster.get({ ...nothings, namespace, name: 'a' })).toBeUndefined()
    },
    'of a name that no object can have is undefined': async ({ cluster, at }) => {
      for (const name of ['a/b', '', '.', '..']) expect(await cluster.get(at(name))).toBeUndefined()
    },
    'shows each version of a kind': async ({ cluster, namespace }) => {
      await cluster.create(gadgets, namespace, custom('Gadget', 'g'), by)
      const beta = { ...gadgets, version: 'v1beta1' }
      expect((await cluster.get({ ...beta, namespace, name: 'g' }))?.apiVersion).toBe('conformance.drydock.io/v1beta1')
      expect((await cluster.list(beta, { namespace })).map(({ apiVersion }) => apiVersion)).toEqual([
        'conformance.drydock.io/v1beta1',
      ])
    },
  },
  'a list': {
    'is sorted by namespace and name, and says what its items are': async ({ cluster, add, namespace }) => {
      for (const name of ['b', 'a.b', 'a']) await add(name)
      const listed = await cluster.list(configMaps, { namespace })
      expect(listed.map(({ metadata }) => metadata.name)).toEqual(['a', 'a.b', 'b'])
      expect(listed.every(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'ConfigMap')).toBe(true)
      const everywhere = await cluster.list(configMaps)
      expect(everywhere.filter(({ metadata }) => metadata.namespace === namespace)).toHaveLength(3)
    },
    'of a namespace that is not there is empty, and of an unknown kind a 404': async ({ cluster }) => {
      expect(await cluster.list(configMaps, { namespace: 'nowhere' })).toEqual([])
      await refusal(cluster.list(nothings), 404, 'NotFound', 'the server could not find the requested resource')
    },
    'of metadata holds nothing else': async ({ cluster, add, namespace }) => {
      await add('a', { data: { x: '1' } }, { labels: { l: 'v' } })
      const [only] = await cluster.list(configMaps, { namespace, metadataOnly: true })
      expect(Object.keys(only ?? {}).sort()).toEqual(['apiVersion', 'kind', 'metadata'])
      expect(only).toMatchObject({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' })
      expect(only?.metadata).toMatchObject({ name: 'a', labels: { l: 'v' } })
    },
    'of names shows these alone, and nothing of a collection with too many objects': async ({
      cluster,
      add,
      namespace,
    }) => {
      const all = Array.from({ length: 103 }, (_, index) => `n-${index}`)
      await Promise.all(all.map((name) => add(name)))
      const names = new Set(['n-1', 'n-99', 'n-none'])
      const listed = await cluster.listNamed(configMaps, namespace, { names, objectsMax: 110 })
      expect(listed?.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
        'ConfigMap n-1',
        'ConfigMap n-99',
      ])
      expect(listed?.[0]).toEqual(await cluster.get({ ...configMaps, namespace, name: 'n-1' }))
      expect(await cluster.listNamed(configMaps, namespace, { names, objectsMax: 102 })).toBeUndefined()
      expect(await cluster.listNamed(configMaps, namespace, { names, objectsMax: 50 })).toBeUndefined()
      const isOver = () => true
      expect(await cluster.listNamed(configMaps, namespace, { names, objectsMax: 110, isOver })).toBeUndefined()
      expect(await cluster.listNamed(configMaps, 'nowhere', { names, objectsMax: 50, isOver })).toEqual([])
      expect(await cluster.listNamed(configMaps, 'nowhere', { names, objectsMax: 50 })).toEqual([])
      await refusal(cluster.listNamed(nothings, namespace, { names, objectsMax: 50 }), 404, 'NotFound', /./)
    },
    'selects by labels': async ({ cluster, add, namespace }) => {
      await add('p', {}, { labels: { e: 'x' } })
      await add('q', {}, { labels: { e: 'y', f: '1' } })
      await add('r')
      const rows: [string, string][] = [
        ['e=x', 'p'],
        ['e==x', 'p'],
        ['e!=x', 'q r'],
        ['e in (x,y)', 'p q'],
        ['e notin (x)', 'q r'],
        ['e', 'p q'],
        ['!e', 'r'],
        ['e=y,f=1', 'q'],
        ['e=x,f=1', ''],
        ['e=', ''],
      ]
      for (const [labelSelector, expected] of rows) {
        const found = await cluster.list(configMaps, { namespace, labelSelector })
        expect([labelSelector, found.map(({ metadata }) => metadata.name).join(' ')]).toEqual([labelSelector, expected])
      }
      await refusal(
        cluster.list(configMaps, { namespace, labelSelector: 'e in x' }),
        400,
        'BadRequest',
        /^unable to parse requirement: /,
      )
    },
  },
  discovery: {
    'tells kinds, their names and whether they have a status': async ({ cluster }) => {
      const found = await cluster.discover()
      const one = (resource: string, version = 'v1') =>
        found.find((kind) => kind.resource === resource && kind.version === version)
      expect(one('configmaps')).toMatchObject({
        group: '',
        kind: 'ConfigMap',
        namespaced: true,
        singular: 'configmap',
        shortNames: ['cm'],
        preferred: true,
        hasStatus: false,
      })
      expect(one('namespaces')).toMatchObject({
        kind: 'Namespace',
        namespaced: false,
        shortNames: ['ns'],
        hasStatus: true,
      })
      expect(one('widgets')).toMatchObject({
        group: 'conformance.drydock.io',
        kind: 'Widget',
        singular: 'widget',
        shortNames: ['wd'],
        preferred: true,
        hasStatus: true,
      })
      expect(one('gadgets', 'v1beta1')).toMatchObject({ preferred: false, hasStatus: false, singular: 'gadget' })
      for (const verb of ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'])
        expect([one('widgets')?.verbs, one('configmaps')?.verbs].every((verbs) => verbs?.includes(verb))).toBe(true)
    },
    "of built-in kinds and Velero's is what the cluster in memory knows of them": async ({ cluster }) => {
      const row = ({ verbs: _verbs, ...kind }: DiscoveredResource) => JSON.stringify(inOrder(kind))
      const isKnown = ({ group, version, resource }: DiscoveredResource) =>
        firstKinds.some((kind) => kind.group === group && kind.version === version && kind.resource === resource)
      const found = (await cluster.discover()).filter(isKnown)
      expect(found.map(row).sort()).toEqual(firstKinds.map(row).sort())
    },
    'has a new kind once its definition is established': async ({ cluster, sleep }) => {
      const definition = definitionOf('Sprocket', 'sprockets', {})
      const made = await cluster.create(definitions, undefined, definition, by)
      const ref = { ...definitions, name: made.metadata.name }
      await until(sleep, async () => isEstablished(await cluster.get(ref)))
      await until(sleep, async () => (await cluster.discover()).some(({ kind }) => kind === 'Sprocket'))
    },
  },
  events: {
    'of both groups are the same objects': async ({ cluster, namespace }) => {
      const regarding = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'a', uid: 'u' }
      const event = {
        ...named('events.k8s.io/v1', 'Event', 'e', { namespace }),
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'drydock.io/worker',
        reportingInstance: 'drydock',
        action: 'Waits',
        reason: 'Waiting',
        type: 'Normal',
        note: 'waits',
        regarding,
      }
      const events = { group: 'events.k8s.io', version: 'v1', resource: 'events' }
      expect(await cluster.create(events, namespace, event, by)).toMatchObject({ note: 'waits', regarding })
      await refusal(
        cluster.create(events, namespace, event, by),
        409,
        'AlreadyExists',
        'events.events.k8s.io "e" already exists',
      )
      const listed = await cluster.list({ group: '', version: 'v1', resource: 'events' }, { namespace })
      expect(listed.map(({ metadata }) => metadata.name)).toEqual(['e'])
    },
  },
}

function inOrder(kind: Omit<DiscoveredResource, 'verbs'>): object {
  const { group, version, resource, singular, shortNames, namespaced, hasStatus, preferred } = kind
  return { group, version, resource, kind: kind.kind, singular, shortNames, namespaced, hasStatus, preferred }
}

function isEstablished(definition: Manifest | undefined): boolean {
  const { conditions = [] } = (definition?.['status'] ?? {}) as { conditions?: { type: string; status: string }[] }
  return conditions.some(({ type, status }) => type === 'Established' && status === 'True')
}
