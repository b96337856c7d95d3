import { describe, expect, it } from 'vitest'
import { ownsWhatIsSet } from '../../../core/items/owned-fields.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject, labels } from './builders.ts'

/** A Service as a client has made it, without what the API server has added. */
const service: Manifest = anObject(
  'Service',
  'web',
  { labels: { ...labels, app: 'web' }, finalizers: ['example.com/a'] },
  {
    spec: {
      ports: [
        { port: 80, protocol: 'TCP', name: 'http' },
        { port: 443, protocol: 'TCP' },
      ],
      selector: { app: 'web' },
      externalIPs: [],
    },
    status: { loadBalancer: {} },
  },
)

const metadata = { 'f:finalizers': { '.': {}, 'v:"example.com/a"': {} }, 'f:labels': { '.': {}, 'f:app': {} } }
const ports = {
  '.': {},
  'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {}, 'f:protocol': {} },
  'k:{"port":443,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {} },
}
const spec = { 'f:ports': ports, 'f:selector': {}, 'f:externalIPs': {} }
const owned = { 'f:metadata': metadata, 'f:spec': spec }

const withSpec = (more: object): Manifest => ({ ...service, spec: { ...(service['spec'] as object), ...more } })
const withMetadata = (more: object): Manifest => ({ ...service, metadata: { ...service.metadata, ...more } })

describe('an entry owns just what a create sets', () => {
  it.each<[string, unknown, Manifest]>([
    ['it names each field, each element by its keys or its value, and whole parts', owned, service],
    ['the object has what belongs to nobody', owned, withMetadata({ namespace: 'shop', uid: 'u', generation: 3 })],
    ['a field is null', owned, withSpec({ loadBalancerIP: null })],
    [
      'a field is null and owned',
      { ...owned, 'f:spec': { ...spec, 'f:loadBalancerIP': {} } },
      withSpec({ loadBalancerIP: null }),
    ],
    [
      'the two labels of an earlier restore are owned',
      {
        ...owned,
        'f:metadata': { ...metadata, 'f:labels': { ...metadata['f:labels'], 'f:velero.io/restore-name': {} } },
      },
      service,
    ],
    [
      'there are no labels but those of the restore',
      { 'f:data': {} },
      anObject('ConfigMap', 'a', { labels }, { data: { a: 'b' } }),
    ],
    ['nothing is owned, and nothing set', undefined, anObject('ConfigMap', 'a', { labels })],
  ])('where %s', (_why, fieldsV1, object) => {
    expect(ownsWhatIsSet(fieldsV1, object)).toBe(true)
  })

  it.each<[string, unknown, Manifest]>([
    ['the API server has set a field by itself', owned, withSpec({ ipFamilyPolicy: 'SingleStack' })],
    ['it has set a field of an element', owned, withSpec({ ports: [{ port: 80, protocol: 'TCP', nodePort: 30000 }] })],
    ['somebody has added an element', owned, withMetadata({ finalizers: ['example.com/a', 'example.com/b'] })],
    ['the restore has dropped a field', { ...owned, 'f:spec': { ...spec, 'f:clusterIP': {} } }, service],
    ['the restore has dropped an element', owned, withSpec({ ports: [{ port: 443, protocol: 'TCP' }] })],
    ['another element stands there', owned, withMetadata({ finalizers: ['example.com/b'] })],
    ['the restore has added an annotation', owned, withMetadata({ annotations: { a: 'b' } })],
    ['it owns the status too', { ...owned, 'f:status': { 'f:loadBalancer': {} } }, service],
    [
      'it owns a field of what is a list here',
      { ...owned, 'f:spec': { ...spec, 'f:ports': { 'f:x': {}, 'f:y': {} } } },
      service,
    ],
    [
      'it owns a map without its content',
      { 'f:data': { '.': {} } },
      anObject('ConfigMap', 'a', {}, { data: { a: 'b' } }),
    ],
    ['it names elements by their places', { 'f:data': { 'i:0': {} } }, anObject('Custom', 'a', {}, { data: ['b'] })],
    ['it names an element by no JSON', { 'f:data': { 'k:{': {} } }, anObject('Custom', 'a', {}, { data: [{}] })],
    ['a field of the entry is no map', { 'f:data': 'x' }, anObject('Custom', 'a', {}, { data: [] })],
    ['it owns nothing', {}, service],
  ])('but not where %s', (_why, fieldsV1, object) => {
    expect(ownsWhatIsSet(fieldsV1, object)).toBe(false)
  })
})
