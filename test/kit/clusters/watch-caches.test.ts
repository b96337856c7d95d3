import { expect, it } from 'vitest'
import { kindOf, readCaches } from './watch-caches.ts'

it.each([
  ['/configmaps/shop/one', 'configmaps'],
  ['/services/specs/shop/web', 'services'],
  ['/services/endpoints/shop/web', 'endpoints'],
  ['/minions/node-1', 'nodes'],
  ['/velero.io/restores/velero/one', 'velero.io/restores'],
  [
    '/apiextensions.k8s.io/customresourcedefinitions/things.example.com',
    'apiextensions.k8s.io/customresourcedefinitions',
  ],
])('the key %s is of the kind %s', (key, kind) => {
  expect(kindOf(key)).toBe(kind)
})

it('the metrics tell the revision of each kind by the names that keys have', () => {
  const line = (group: string, resource: string, revision: string) =>
    `apiserver_watch_cache_resource_version{group="${group}",resource="${resource}"} ${revision}`
  const metrics = [
    '# TYPE apiserver_watch_cache_resource_version gauge',
    line('', 'services', '242'),
    line('rbac.authorization.k8s.io', 'roles', '1.2e+06'),
    line('velero.io', 'restores', '104'),
  ]
  expect(readCaches(metrics.join('\n'))).toEqual([
    { kinds: ['/services', 'services'], revision: 242 },
    { kinds: ['rbac.authorization.k8s.io/roles', 'roles'], revision: 1_200_000 },
    { kinds: ['velero.io/restores'], revision: 104 },
  ])
})
