import { describe, expect, it, test } from 'vitest'
import type { FilterPolicies, ResourceFilter } from '../../../core/filter/parse-filter-policy.ts'
import { makeItemSelector, type ItemSelector, type KnownOfItem } from '../../../core/plan/select-items.ts'
import type { ItemAddress } from '../../../velero/resource.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'

const known: Record<string, string> = {
  po: 'pods',
  pods: 'pods',
  pod: 'pods',
  configmaps: 'configmaps',
  cm: 'configmaps',
  pv: 'persistentvolumes',
}
const resolve = (name: string): string | undefined => known[name]

function selectorOf(spec: RestoreSpec, policies?: FilterPolicies): ItemSelector {
  const selector = makeItemSelector({ spec, policies, resolve })
  if ('error' in selector) throw new Error(selector.error)
  return selector
}

function at(path: string): ItemAddress {
  const [groupResource = '', ...rest] = path.split('/')
  const [namespace, name] = rest.length === 2 ? rest : [undefined, rest[0]]
  return { groupResource, ...(namespace === undefined ? {} : { namespace }), name: name ?? '' }
}

/** What is decided about an item: `yes`, the reason why not, or what is asked for. */
function decide(selector: ItemSelector, path: string, facts: KnownOfItem = {}): string {
  const verdict = selector.decide(at(path), facts)
  return verdict.do === 'select' ? 'yes' : verdict.do === 'ask' ? `ask ${verdict.for}` : verdict.because
}

const aFilter = (filter: Partial<ResourceFilter>): ResourceFilter => ({
  kinds: [],
  orLabelSelectors: [],
  names: [],
  excludedNames: [],
  ...filter,
})
const inShop = (...resourceFilters: ResourceFilter[]): FilterPolicies => ({
  namespaced: [{ namespaces: ['shop'], resourceFilters }],
})

describe('resources and namespaces', () => {
  test.each<[RestoreSpec, string, string]>([
    [{}, 'pods/shop/a', 'yes'],
    [{}, 'persistentvolumes/a', 'yes'],
    [{ includedResources: ['po'] }, 'pods/shop/a', 'yes'],
    [{ includedResources: ['po'] }, 'services/shop/a', 'resource-excluded'],
    [{ excludedResources: ['po'] }, 'pods/shop/a', 'resource-excluded'],
    [{ excludedResources: ['*'] }, 'pods/shop/a', 'yes'],
    [{ includedNamespaces: ['sh*'] }, 'pods/shop/a', 'yes'],
    [{ includedNamespaces: ['sh*'] }, 'pods/bank/a', 'namespace-excluded'],
    [{ excludedNamespaces: ['bank'] }, 'pods/bank/a', 'namespace-excluded'],
    [
      { excludedNamespaces: ['bank'], excludedResources: ['*', 'datauploads.velero.io'] },
      'datauploads.velero.io/bank/a',
      'yes',
    ],
  ])('%j decides %s: %s', (spec, path, verdict) => {
    expect(decide(selectorOf(spec), path)).toBe(verdict)
  })
})

describe('cluster-scoped items', () => {
  const some = { includedNamespaces: ['shop'] }

  test.each<[RestoreSpec, boolean, boolean]>([
    [{ includeClusterResources: false }, false, false],
    [{ includeClusterResources: null }, true, true],
    [{}, true, true],
    [{ includedNamespaces: ['*'] }, true, true],
    [some, false, true],
    [{ excludedNamespaces: ['bank'] }, false, true],
    [{ ...some, includeClusterResources: true }, true, true],
    [{ ...some, includeClusterResources: false }, false, false],
  ])('with %j are restored by themselves: %s, as additional items: %s', (spec, itself, additional) => {
    const selector = selectorOf(spec)
    expect(decide(selector, 'persistentvolumes/a')).toBe(itself ? 'yes' : 'cluster-scoped-excluded')
    expect(selector.decideAdditional(at('persistentvolumes/a'), false).do).toBe(additional ? 'select' : 'leave')
  })
})

describe('additional items', () => {
  const spec: RestoreSpec = {
    excludedResources: ['po'],
    excludedNamespaces: ['bank'],
    labelSelector: { matchLabels: { a: 'b' } },
  }
  const selector = selectorOf(spec, inShop(aFilter({ kinds: ['po'] })))

  test.each([
    ['configmaps/shop/a', false, { do: 'select' }],
    ['pods/shop/a', false, { do: 'leave', because: 'resource-excluded' }],
    ['configmaps/bank/a', false, { do: 'leave', because: 'namespace-excluded' }],
    ['pods/bank/a', true, { do: 'select' }],
    ['datauploads.velero.io/bank/a', false, { do: 'select' }],
  ])('%s, to be included anyway: %s', (path, mustInclude, verdict) => {
    expect(selector.decideAdditional(at(path), mustInclude)).toEqual(verdict)
  })

  it('that must be included are so at cluster scope, too', () => {
    expect(selectorOf({ includeClusterResources: false }).decideAdditional(at('persistentvolumes/a'), true).do).toBe(
      'select',
    )
  })
})

describe('labels', () => {
  const app = (...values: string[]) => ({ matchExpressions: [{ key: 'app', operator: 'In', values }] })

  test.each<[RestoreSpec, Record<string, string>, string]>([
    [{ labelSelector: app('a') }, { app: 'a' }, 'yes'],
    [{ labelSelector: app('a') }, {}, 'labels-do-not-match'],
    [{ orLabelSelectors: [app('a'), app('b')] }, { app: 'b' }, 'yes'],
    [{ orLabelSelectors: [app('a'), app('b')] }, { app: 'c' }, 'labels-do-not-match'],
    [{ orLabelSelectors: [] }, {}, 'yes'],
    [{ labelSelector: {} }, {}, 'yes'],
  ])('%j decides about labels %j: %s', (spec, labels, verdict) => {
    expect(decide(selectorOf(spec), 'pods/shop/a', { labels })).toBe(verdict)
  })

  it('are asked for only where they decide', () => {
    const selector = selectorOf({ labelSelector: app('a'), excludedResources: ['po'] })
    expect(decide(selectorOf({}), 'pods/shop/a')).toBe('yes')
    expect(decide(selector, 'configmaps/shop/a')).toBe('ask labels')
    expect(decide(selector, 'pods/shop/a')).toBe('resource-excluded')
    expect(decide(selector, 'datauploads.velero.io/shop/a')).toBe('yes')
  })

  it('of a broken selector are the error of the restore', () => {
    const bad = { matchExpressions: [{ key: 'a', operator: 'Bad' }] }
    const error = '"Bad" is not a valid label selector operator'
    expect(makeItemSelector({ spec: { labelSelector: bad }, resolve })).toEqual({ error })
    expect(makeItemSelector({ spec: { orLabelSelectors: [bad] }, resolve })).toEqual({ error })
  })
})

describe('policies for namespaces', () => {
  it('restore only what they list', () => {
    const selector = selectorOf({}, inShop(aFilter({ kinds: ['PO'] })))
    expect(decide(selector, 'pods/shop/a')).toBe('yes')
    expect(decide(selector, 'configmaps/shop/a')).toBe('kind-not-in-policy')
    expect(decide(selector, 'configmaps/bank/a')).toBe('yes')
    expect(decide(selector, 'persistentvolumes/a')).toBe('yes')
  })

  it('restore the rest through a catch-all', () => {
    const selector = selectorOf({}, inShop(aFilter({ kinds: ['po'], names: ['web-*'] }), aFilter({ kinds: ['*'] })))
    expect(decide(selector, 'pods/shop/web-1')).toBe('yes')
    expect(decide(selector, 'pods/shop/db')).toBe('name-not-in-policy')
    expect(decide(selector, 'configmaps/shop/db', { firstKind: 'ConfigMap' })).toBe('yes')
  })

  it('replace the selectors of the spec', () => {
    const spec = { labelSelector: { matchLabels: { a: 'b' } } }
    const selector = selectorOf(
      spec,
      inShop(aFilter({ kinds: ['po'], labelSelector: { matchLabels: { c: 'd' } } }), aFilter({ kinds: ['cm'] })),
    )
    expect(decide(selector, 'pods/shop/x', { labels: { c: 'd' } })).toBe('yes')
    expect(decide(selector, 'pods/shop/x', { labels: { a: 'b' } })).toBe('labels-do-not-match')
    expect(decide(selector, 'configmaps/shop/x')).toBe('yes')
    expect(decide(selector, 'pods/bank/x', { labels: { a: 'b' } })).toBe('yes')
  })

  it('match labels by alternatives and names by both lists', () => {
    const filter = aFilter({
      kinds: ['po'],
      orLabelSelectors: [{}, { matchLabels: { a: 'b' } }],
      names: ['x*'],
      excludedNames: ['xx'],
    })
    const selector = selectorOf({}, inShop(filter))
    expect(decide(selector, 'pods/shop/x')).toBe('ask labels')
    expect(decide(selector, 'pods/shop/x', { labels: { a: 'b' } })).toBe('yes')
    expect(decide(selector, 'pods/shop/x', { labels: {} })).toBe('labels-do-not-match')
    expect(decide(selector, 'pods/shop/xx', { labels: { a: 'b' } })).toBe('name-not-in-policy')
  })

  it('still come after the lists of the spec, and never hold for what a restore must have', () => {
    const selector = selectorOf({ excludedResources: ['po'] }, inShop(aFilter({ kinds: ['po'] })))
    expect(decide(selector, 'pods/shop/a')).toBe('resource-excluded')
    expect(decide(selector, 'datauploads.velero.io/shop/a')).toBe('yes')
  })

  it('are found by name before patterns, and by the first pattern that matches', () => {
    const only = (kind: string) => [aFilter({ kinds: [kind] })]
    const selector = selectorOf(
      {},
      {
        namespaced: [
          { namespaces: ['team-*'], resourceFilters: only('po') },
          { namespaces: ['team-a', 't*'], resourceFilters: only('cm') },
        ],
      },
    )
    expect(decide(selector, 'configmaps/team-a/x')).toBe('yes')
    expect(decide(selector, 'pods/team-b/x')).toBe('yes')
    expect(decide(selector, 'configmaps/team-b/x')).toBe('kind-not-in-policy')
    expect(decide(selector, 'configmaps/tea/x')).toBe('yes')
  })

  it('recognise a kind the cluster does not know by the first archived item', () => {
    const selector = selectorOf({}, inShop(aFilter({ kinds: ['Widget'] })))
    expect(decide(selector, 'widgets.ex.io/shop/a')).toBe('ask first-kind')
    expect(decide(selector, 'widgets.ex.io/shop/a', { firstKind: 'Widget' })).toBe('yes')
    expect(decide(selector, 'gadgets.ex.io/shop/a', { firstKind: 'Gadget' })).toBe('kind-not-in-policy')
    expect(decide(selector, 'gadgets.ex.io/shop/a', { firstKind: null })).toBe('kind-not-in-policy')
  })
})

describe('a policy for the cluster', () => {
  const policies: FilterPolicies = {
    clusterScoped: [aFilter({ kinds: ['pv', 'Thing'], names: ['keep-*'] })],
    namespaced: [],
  }
  const selector = selectorOf({ labelSelector: { matchLabels: { a: 'b' } } }, policies)

  it('decides about the kinds it lists', () => {
    expect(decide(selector, 'persistentvolumes/keep-1')).toBe('yes')
    expect(decide(selector, 'persistentvolumes/other')).toBe('name-not-in-policy')
    expect(decide(selector, 'things.ex.io/other', { firstKind: 'Thing' })).toBe('name-not-in-policy')
  })

  it('leaves others to the selectors of the spec', () => {
    expect(decide(selector, 'clusterroles/x')).toBe('ask first-kind')
    expect(decide(selector, 'clusterroles/x', { firstKind: 'ClusterRole' })).toBe('ask labels')
    expect(decide(selector, 'clusterroles/x', { firstKind: null, labels: { a: 'b' } })).toBe('yes')
  })

  it('says nothing about namespaced items', () => {
    expect(decide(selector, 'pods/shop/x', { labels: { a: 'b' } })).toBe('yes')
  })
})

test('two names for one resource make a policy ambiguous', () => {
  const error = 'ambiguous policy: duplicate kind "pods" detected'
  const twice = [aFilter({ kinds: ['po'] }), aFilter({ kinds: ['pods'] })]
  expect(makeItemSelector({ spec: {}, policies: inShop(...twice), resolve })).toEqual({ error })
  expect(makeItemSelector({ spec: {}, policies: { clusterScoped: twice, namespaced: [] }, resolve })).toEqual({ error })
})
