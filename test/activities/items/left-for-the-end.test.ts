import { describe, expect, it } from 'vitest'
import { valueAt } from '../../../core/values/fields.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { noVolumes, rulesWith } from '../../core/items/builders.ts'
import { outcomeOf, owners, placeOther, prices, restoring } from './restoring.ts'

const web: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'shop', name: 'web', uid: 'uid-in-the-backup', managedFields: owners },
  spec: { replicas: 3, template: { spec: {} } },
}
const at = { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'shop', name: 'web' }
const planned = { namespace: 'shop', name: 'web', target: 'shop' }
const rules = rulesWith({ zeroReplicas: { isPlanned: () => true }, volumes: noVolumes })

describe('a workload that is restored with zero replicas', () => {
  it('has none in the cluster; the journal knows how many it is to have', async () => {
    const { world, restore } = restoring(JSON.stringify(web), { rules })
    const outcome = await outcomeOf(await restore('deployments.apps', planned))
    expect(outcome).toMatchObject({ action: 'created', atZero: { replicas: 3 }, messages: [] })
    expect(valueAt(world.cluster.look(at), 'spec', 'replicas')).toBe(0)
    expect(world.cluster.look(at)?.metadata.annotations).toBeUndefined()
  })

  it('is known as its own by an attempt that follows a lost one, with the same number', async () => {
    const { restore } = restoring(JSON.stringify(web), { rules })
    const first = await outcomeOf(await restore('deployments.apps', planned))
    expect(await outcomeOf(await restore('deployments.apps', planned))).toEqual(first)
  })

  it.each([undefined, 'update'])(
    'keeps its replicas where it stands already, whatever the policy (%s) for that',
    async (policy) => {
      const { world, restore } = restoring(JSON.stringify(web), { rules, policyFor: () => policy })
      const { uid: _uid, managedFields: _owners, ...metadata } = web.metadata
      world.cluster.place({
        ...web,
        metadata: { ...metadata, creationTimestamp: '2020-01-01T00:00:00Z' },
        spec: { replicas: 3, template: { spec: {} } },
      })
      const outcome = await outcomeOf(await restore('deployments.apps', planned))
      expect(outcome.action).not.toBe('created')
      expect(outcome.atZero).toBeUndefined()
      expect(valueAt(world.cluster.look(at), 'spec', 'replicas')).toBe(3)
    },
  )
})

const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }
const owned = { ...prices, metadata: { ...prices.metadata, ownerReferences: [{ ...reference, uid: 'of-the-backup' }] } }

describe('an item with owners', () => {
  it('is created without them; where they are to come back, the journal knows their names', async () => {
    const { world, restore } = restoring(JSON.stringify(owned), { relinkOwners: true })
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', owners: [reference] })
    const [live] = world.cluster.objects().filter(({ kind }) => kind === 'ConfigMap')
    expect(live?.metadata.ownerReferences).toBeUndefined()
    expect(live?.metadata.managedFields).toEqual(owners)
  })

  it('is as in Velero where nobody asks', async () => {
    expect(await outcomeOf(await restoring(JSON.stringify(owned)).restore())).not.toHaveProperty('owners')
  })

  it('keeps the owners that it has where it stood there before', async () => {
    const { world, restore } = restoring(JSON.stringify(owned), { relinkOwners: true })
    placeOther(world, '4')
    expect(await outcomeOf(await restore())).not.toHaveProperty('owners')
  })
})
