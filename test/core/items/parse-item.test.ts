import { describe, expect, it } from 'vitest'
import { parseItem } from '../../../core/items/parse-item.ts'

const address = { groupResource: 'configmaps', namespace: 'shop', name: 'prices' }
const place = 'error decoding "resources/configmaps/namespaces/shop/prices.json": '

describe('the text of an item', () => {
  it('is its manifest, without the fields of its metadata that are null', () => {
    const metadata = { name: 'prices', labels: null, annotations: null, managedFields: null, creationTimestamp: null }
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: null })
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'prices' }, data: null }
    expect(parseItem(text, address)).toEqual({ manifest })
  })

  it.each([
    ['', 'invalid JSON: the text ends too early'],
    ['null', 'the item is no JSON object'],
    ['[]', 'the item is no JSON object'],
    ['{}', "Object 'Kind' is missing in the item"],
    ['{"kind":"ConfigMap"}', 'apiVersion or metadata is missing in the item'],
    [
      '{"kind":"ConfigMap","apiVersion":"a/v1","metadata":{}}',
      'its apiVersion "a/v1" is not of the group of its folder',
    ],
  ])('names its place where it is no manifest: %s', (text, words) => {
    expect(parseItem(text, address)).toEqual({ problem: `${place}${words}` })
  })
})
