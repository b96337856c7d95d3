import { describe, expect, it } from 'vitest'
import { resolveResource, type ServedResource } from '../../../core/filter/resolve-resource.ts'

const all = ['list', 'create', 'get', 'delete', 'patch']

function served(group: string, resource: string, options: Partial<ServedResource> = {}): ServedResource {
  return {
    group,
    version: 'v1',
    resource,
    singular: resource.replace(/s$/, ''),
    shortNames: [],
    verbs: all,
    preferred: true,
    ...options,
  }
}

const cluster = [
  served('', 'pods', { shortNames: ['po'] }),
  served('', 'persistentvolumeclaims', { shortNames: ['pvc'] }),
  served('', 'events', { shortNames: ['ev'] }),
  served('', 'bindings', { verbs: ['create'] }),
  served('', 'pods/status'),
  served('events.k8s.io', 'events', { shortNames: ['ev'] }),
  served('apps', 'deployments', { shortNames: ['deploy'] }),
  served('storage.k8s.io', 'storageclasses', { singular: 'storageclass', shortNames: ['sc'] }),
  served('autoscaling', 'horizontalpodautoscalers', { version: 'v2', shortNames: ['hpa'] }),
  served('autoscaling', 'horizontalpodautoscalers', { version: 'v1', shortNames: ['hpa'], preferred: false }),
  served('alpha.example.com', 'gadgets', { version: 'v1beta1', preferred: false }),
  served('shops.example.com', 'deployments', { shortNames: ['sc'] }),
  served('apps.example.com', 'deployments', { shortNames: ['adep'] }),
  served('metrics.k8s.io', 'pods', { verbs: ['get', 'list'] }),
  served('odd.example.com', 'things', { singular: 'thing' }),
  served('odd.example.com', 'thing', { singular: 'thing' }),
]

describe('resolveResource', () => {
  it.each([
    ['pods', 'pods'],
    ['pod', 'pods'],
    ['po', 'pods'],
    ['Pods', 'pods'],
    ['pvc', 'persistentvolumeclaims'],
    ['deployments', 'deployments.apps'],
    ['deploy', 'deployments.apps'],
    ['deployment.apps', 'deployments.apps'],
    ['deployments.ap', 'deployments.apps'],
    ['deploy.app', 'deployments.apps'],
    ['deployments.apps', 'deployments.apps'],
    ['deployments.apps.example.com', 'deployments.apps.example.com'],
    ['deployments.shops', 'deployments.shops.example.com'],
    ['storageclass.storage', 'storageclasses.storage.k8s.io'],
    ['sc', 'storageclasses.storage.k8s.io'],
    ['hpa', 'horizontalpodautoscalers.autoscaling'],
    ['ev.events.k8s.io', 'events.events.k8s.io'],
    ['events', 'events'],
    ['gadgets', 'gadgets.alpha.example.com'],
  ])('reads %s as %s', (word, expected) => {
    expect(resolveResource(word, cluster)).toBe(expected)
  })

  it.each([
    ['a word that nothing is called by', 'widgets'],
    ['a resource that cannot be listed and created', 'bindings'],
    ['a subresource', 'pods/status'],
    ['a short name in capitals', 'PO'],
    ['a known resource in a group that does not serve it', 'pods.apps'],
    ['a read-only resource of a named group', 'pods.metrics.k8s.io'],
    ['a word for two resources of one version', 'thing.odd'],
    ['a wildcard', '*'],
  ])('leaves %s unresolved', (_what, word) => {
    expect(resolveResource(word, cluster)).toBeUndefined()
  })
})
