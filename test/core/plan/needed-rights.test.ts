import { describe, expect, it } from 'vitest'
import { neededRights } from '../../../core/plan/needed-rights.ts'
import type { RightsGiven } from '../../../core/plan/needed-rights.ts'
import type { Plan, PlannedItem } from '../../../core/plan/plan.ts'

const inShop = (name: string): PlannedItem => ({ name, namespace: 'shop', target: 'shop' })
const planOf = (waves: Record<string, PlannedItem[]>, more: Partial<Plan> = {}): Plan => ({
  etag: '',
  waves: Object.entries(waves).map(([groupResource, items]) => ({ groupResource, chunks: [{ items }] })),
  provisioned: [],
  notes: [],
  ...more,
})

/** As `create pods/exec shop 2`: verb, resource, namespace, items. */
const rightsOf = (plan: Plan, given: Partial<RightsGiven> = {}): string[] =>
  neededRights(plan, { isThere: () => true, spec: {}, home: 'velero', inPlace: new Set(), hooked: new Set(), ...given })
    .map(({ verb, resource, subresource, namespace = '-', items }) =>
      [verb, subresource === undefined ? resource : `${resource}/${subresource}`, namespace, items].join(' '),
    )
    .toSorted()

describe('the rights that a plan needs', () => {
  it('have delete only for kinds that are recreated, and for none in the namespace of the Restore', () => {
    const plan = planOf(
      {
        configmaps: [inShop('one'), inShop('two'), { name: 'three', target: 'velero' }],
        secrets: [inShop('key')],
        persistentvolumeclaims: [inShop('data')],
      },
      { existing: [{ resource: 'configmaps', policy: 'recreate' }] },
    )
    expect(rightsOf(plan).filter((right) => right.startsWith('delete'))).toEqual(['delete configmaps shop 2'])
    const all = { ...plan, existing: [{ resource: '*', policy: 'recreate' as const }] }
    expect(rightsOf(all).filter((right) => right.startsWith('delete'))).toEqual([
      'delete configmaps shop 2',
      'delete secrets shop 1',
    ])
  })

  it('leave out what is written in no case, or by the worker', () => {
    const plan = planOf(
      {
        namespaces: [
          { name: 'shop', target: 'shop' },
          { name: 'new', target: 'new' },
        ],
        'datauploads.velero.io': [{ name: 'du', namespace: 'velero', target: 'velero' }],
        persistentvolumes: [{ name: 'pv-anew' }, { name: 'pv-kept' }],
        configmaps: [{ ...inShop('one'), twinOf: 'other' }],
      },
      { provisioned: ['pv-anew'] },
    )
    expect(rightsOf(plan, { isThere: (name) => name === 'shop' })).toEqual([
      'create namespaces - 1',
      'create persistentvolumes - 1',
      'patch persistentvolumes - 1',
    ])
  })

  it('have those to run commands in pods where a hook of the spec may apply', () => {
    const plan = planOf({ pods: [inShop('web'), { name: 'db', namespace: 'store', target: 'store' }] })
    const exec = { exec: { command: ['true'] } }
    const hooked = (more: object) => {
      const spec = { hooks: { resources: [{ name: 'warm up', postHooks: [exec], ...more }] } }
      return rightsOf(plan, { spec }).filter((right) => right.includes('exec'))
    }
    const both = [
      'create pods/exec shop 1',
      'create pods/exec store 1',
      'get pods/exec shop 1',
      'get pods/exec store 1',
    ]
    expect(hooked({ includedNamespaces: ['shop'] })).toEqual(['create pods/exec shop 1', 'get pods/exec shop 1'])
    expect(hooked({ labelSelector: { matchLabels: { app: 'web' } } })).toEqual(both)
    expect(hooked({ postHooks: [{ init: {} }] })).toEqual([])
    expect(rightsOf(plan).filter((right) => right.includes('exec'))).toEqual([])
  })

  it('have those to take claims away, and to keep their volumes, where data is written into them', () => {
    const plan = planOf({ persistentvolumeclaims: [inShop('old'), inShop('new')] })
    expect(rightsOf(plan, { inPlace: new Set(['shop/old', 'store/new']) })).toEqual([
      'create persistentvolumeclaims shop 2',
      'delete persistentvolumeclaims shop 1',
      'patch persistentvolumeclaims shop 2',
      'patch persistentvolumes - 1',
    ])
  })
})
