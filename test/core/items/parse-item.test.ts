import { describe, expect, it } from 'vitest'
import { parseItem } from '../../../core/items/item-manifest.ts'

const address = { groupResource: 'configmaps', namespace: 'shop', name: 'prices' }
const place = 'error decoding "resources/configmaps/namespaces/shop/prices.json": '

describe('the text of an item', () => {
  it('is its manifest, without the fields of its metadata that are null', () => {
    const metadata = {
      namespace: 'shop',
      name: 'prices',
      labels: null,
      annotations: null,
      managedFields: null,
      creationTimestamp: null,
    }
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: null })
    const manifest = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'shop', name: 'prices' },
      data: null,
    }
    expect(parseItem(text, address)).toEqual({ manifest })
  })

  it.each([
    ['', 'invalid JSON: the text ends too early'],
    ['null', 'the item is no JSON object'],
    ['[]', 'the item is no JSON object'],
    ['{}', "Object 'Kind' is missing in the item"],
    ['{"kind":"ConfigMap"}', 'apiVersion or metadata is missing in the item'],
    ['{"kind":"ConfigMap","apiVersion":"v1","metadata":{"namespace":"shop"}}', 'the item has no name'],
    [
      '{"kind":"ConfigMap","apiVersion":"a/v1","metadata":{}}',
      'its apiVersion "a/v1" is not of the group of its folder',
    ],
  ])('names its place where it is no manifest: %s', (text, words) => {
    expect(parseItem(text, address)).toEqual({ problem: `${place}${words}` })
  })
})

const binding = { groupResource: 'rolebindings.rbac.authorization.k8s.io', namespace: 'shop', name: 'admins' }
const manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { namespace: 'shop', name: 'admins' },
}

describe('an item of the archive', () => {
  it('is taken where its manifest is what its path says', () => {
    expect(parseItem(JSON.stringify(manifest), binding)).toEqual({ manifest })
  })

  it('may have another name than its file, as in Velero', () => {
    const renamed = { ...manifest, metadata: { namespace: 'shop', name: 'x' } }
    expect(parseItem(JSON.stringify(renamed), binding)).toEqual({ manifest: renamed })
  })

  it.each([
    ['another group', { apiVersion: 'v1' }, 'its apiVersion "v1" is not of the group of its folder'],
    [
      'another namespace',
      { metadata: { namespace: 'kube-system', name: 'admins' } },
      'its namespace "kube-system" is not the one of its folder',
    ],
    ['no namespace', { metadata: { name: 'admins' } }, 'its namespace none is not the one of its folder'],
  ])('is refused where its manifest has %s: excludes and mappings go by the path', (_, more, because) => {
    const path = 'resources/rolebindings.rbac.authorization.k8s.io/namespaces/shop/admins.json'
    expect(parseItem(JSON.stringify({ ...manifest, ...more }), binding)).toEqual({
      problem: `error decoding "${path}": ${because}`,
    })
  })

  it.each([
    { groupResource: 'clusterrolebindings.x', kind: 'ClusterRoleBinding', apiVersion: 'rbac.authorization.k8s.io/v1' },
    { groupResource: 'secrets.x', kind: 'Secret', apiVersion: 'v1' },
  ])(
    'is refused in the folder $groupResource, which no exclude of $kind covers, and nothing of it is quoted',
    (one) => {
      const { groupResource, ...type } = one
      const text = JSON.stringify({ ...type, metadata: { name: 'a' }, data: { pw: 'aHVudGVyMg==' } })
      const { problem = '' } = parseItem(text, { groupResource, name: 'a' }) as { problem?: string }
      expect(problem).toContain('is not of the group of its folder')
      expect(problem).not.toContain('aHVudGVyMg')
    },
  )

  it('is refused where it is one of a namespace in the folder of the cluster', () => {
    const cluster = { groupResource: binding.groupResource, name: 'admins' }
    expect(parseItem(JSON.stringify(manifest), cluster)).toHaveProperty('problem')
  })
})
