import { expect, test } from 'vitest'
import { withPlannedItems, withPlannedSnapshotClasses } from '../../../core/plan/planned-facts.ts'
import type { ActionFacts } from '../../../core/actions/action.ts'

const facts = { serviceAccounts: { shop: ['old'] }, storageClasses: ['slow'] } as unknown as ActionFacts
const order = ['serviceaccounts', 'secrets']
const account = { groupResource: 'serviceaccounts', namespace: 'shop', name: 'web' }

test('service accounts of the plan join those that stand in their namespace', () => {
  expect(withPlannedItems(facts, [account, account], { order }).serviceAccounts).toEqual({ shop: ['old', 'web'] })
})

test('a service account counts in the namespace that it is restored into', () => {
  expect(withPlannedItems(facts, [account], { order, namespaceMapping: { shop: 'copy' } }).serviceAccounts).toEqual({
    shop: ['old'],
    copy: ['web'],
  })
})

test('service accounts that come after the Secrets do not count', () => {
  expect(withPlannedItems(facts, [account], { order: ['secrets', 'serviceaccounts'] }).serviceAccounts).toEqual({
    shop: ['old'],
  })
})

test('storage classes of the plan count as there', () => {
  const items = [{ groupResource: 'storageclasses.storage.k8s.io', name: 'fast' }]
  expect(withPlannedItems(facts, items, { order }).storageClasses).toEqual(['fast', 'slow'])
})

test('the facts that were gathered stay as they are', () => {
  withPlannedItems(facts, [account], { order })
  expect(facts.serviceAccounts).toEqual({ shop: ['old'] })
})

const named = (name: string, driver: string) => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotClass',
  metadata: { name },
  driver,
})

test('snapshot classes of the plan count as there, in the order of names; one that stands there stays', () => {
  const standing = { ...facts, volumeSnapshotClasses: [named('b', 'live')] }
  const seen = withPlannedSnapshotClasses(standing, [named('b', 'old'), named('a', 'old')])
  expect(seen.volumeSnapshotClasses).toEqual([named('a', 'old'), named('b', 'live')])
})
