import { describe, expect, it } from 'vitest'
import { outcomeOf, owners, placeOther, prices, restoring } from './restoring.ts'

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
