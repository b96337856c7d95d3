import { describe, expect, it, test } from 'vitest'
import { orderResources, parsePriorities } from '../../../core/plan/order-resources.ts'
import { highPriorities, lowPriorities } from '../../../velero/defaults.ts'

const known: Record<string, string> = {
  customresourcedefinitions: 'customresourcedefinitions.apiextensions.k8s.io',
  clusterroles: 'clusterroles.rbac.authorization.k8s.io',
  po: 'pods',
}
const resolve = (name: string): string | undefined => known[name]
const defaults = { high: highPriorities, low: lowPriorities }

describe('orderResources', () => {
  it('puts high priorities first, then the rest by name, then low priorities', () => {
    const inArchive = [
      'widgets.ex.io',
      'apps.kappctrl.k14s.io',
      'services',
      'Zebras.ex.io',
      'pods',
      'namespaces',
      'cronjobs.batch',
    ]
    expect(orderResources({ inArchive, priorities: defaults, resolve })).toEqual([
      'namespaces',
      'pods',
      'services',
      'Zebras.ex.io',
      'cronjobs.batch',
      'widgets.ex.io',
      'apps.kappctrl.k14s.io',
    ])
  })

  it('puts definitions of custom resources first, whatever the priorities say', () => {
    const inArchive = ['pods', 'customresourcedefinitions.apiextensions.k8s.io']
    expect(orderResources({ inArchive, priorities: { high: ['po'], low: [] }, resolve })).toEqual([
      'customresourcedefinitions.apiextensions.k8s.io',
      'pods',
    ])
  })

  it('names a resource once that a priority and the archive spell differently', () => {
    const inArchive = ['clusterroles.rbac.authorization.k8s.io', 'configmaps']
    expect(orderResources({ inArchive, priorities: defaults, resolve })).toEqual([
      'clusterroles.rbac.authorization.k8s.io',
      'configmaps',
    ])
  })

  it('keeps a resource that the cluster does not know', () => {
    expect(orderResources({ inArchive: ['bars.ex.io'], priorities: defaults, resolve })).toEqual(['bars.ex.io'])
  })

  it('leaves out priorities of which the archive has nothing', () => {
    expect(orderResources({ inArchive: [], priorities: defaults, resolve })).toEqual([])
  })

  it('puts a low priority last even where its name sorts first', () => {
    const priorities = { high: [], low: ['aaa.ex.io'] }
    expect(orderResources({ inArchive: ['aaa.ex.io', 'bbb.ex.io'], priorities, resolve })).toEqual([
      'bbb.ex.io',
      'aaa.ex.io',
    ])
  })
})

test.each<[string, unknown]>([
  ['', { high: ['H'], low: ['L'] }],
  ['a,b', { high: ['a', 'b'], low: ['L'] }],
  ['a,b,-', { high: ['a', 'b'], low: ['L'] }],
  ['-,a,b', { high: ['H'], low: ['a', 'b'] }],
  ['-', { high: ['H'], low: ['L'] }],
  ['a,-,b', { high: ['a'], low: ['b'] }],
  ['a,-,b,-', { error: 'multiple priority separator "-" found' }],
  ['-,-', { error: 'multiple priority separator "-" found' }],
  ['a,,b', { high: ['a', '', 'b'], low: ['L'] }],
  ['a- , b', { high: ['a- ', ' b'], low: ['L'] }],
])('priorities %j are read as %j', (flag, parsed) => {
  expect(parsePriorities(flag, { high: ['H'], low: ['L'] })).toEqual(parsed)
})
