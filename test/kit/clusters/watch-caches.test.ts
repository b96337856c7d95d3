import { expect, it } from 'vitest'
import { collectionOf, kindOf } from './watch-caches.ts'

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

const served = [
  'apiextensions.k8s.io/v1/customresourcedefinitions',
  'apps/v1/deployments',
  'rbac.authorization.k8s.io/v1/roles',
  'velero.io/v1/restores',
]

it.each([
  ['services', '/api/v1/services'],
  ['deployments', '/apis/apps/v1/deployments'],
  ['roles', '/apis/rbac.authorization.k8s.io/v1/roles'],
  ['velero.io/restores', '/apis/velero.io/v1/restores'],
  ['apiextensions.k8s.io/customresourcedefinitions', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'],
  ['restores', '/api/v1/restores'],
])('objects of the kind %s are at %s', (kind, path) => {
  expect(collectionOf(kind, served)).toBe(path)
})
