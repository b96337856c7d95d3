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

/** 20,000 maps in each other. */
function deep(field: string, first: string): Record<string, object> {
  let value: object = {}
  for (let depth = 0; depth < 20_000; depth++) value = { [field]: value }
  return { [first]: value }
}

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
      { 'f:data': { '.': {}, 'f:a': {} } },
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
    ['it owns a map without its content', { 'f:data': {} }, anObject('ConfigMap', 'a', {}, { data: { a: 'b' } })],
    [
      'somebody has added an annotation, and it owned one that is gone',
      { 'f:data': { '.': {}, 'f:k': {} }, 'f:metadata': { 'f:annotations': {} } },
      anObject('ConfigMap', 'a', { annotations: { injected: 'yes' } }, { data: { k: 'v' } }),
    ],
    [
      'a finalizer stands there that is not of the manager',
      { 'f:metadata': { 'f:finalizers': {} }, 'f:spec': { 'f:accessModes': {} } },
      anObject('Claim', 'a', { finalizers: ['kubernetes.io/pvc-protection'] }, { spec: { accessModes: ['RWO'] } }),
    ],
    [
      'a custom object has parts of which nothing is told',
      { 'f:spec': { 'f:config': {} } },
      { ...anObject('Custom', 'a', {}, { spec: { config: { mode: 'fast' } } }), apiVersion: 'example.com/v1' },
    ],
    [
      'a custom object has a list of which nothing is told',
      { 'f:spec': { 'f:rules': {} } },
      { ...anObject('Custom', 'a', {}, { spec: { rules: [1] } }), apiVersion: 'example.com/v1' },
    ],
    ['it is so deep that it cannot be told', deep('f:a', 'f:spec'), anObject('Custom', 'a', {}, deep('a', 'spec'))],
    ['it names elements by their places', { 'f:data': { 'i:0': {} } }, anObject('Custom', 'a', {}, { data: ['b'] })],
    ['it names an element by no JSON', { 'f:data': { 'k:{': {} } }, anObject('Custom', 'a', {}, { data: [{}] })],
    ['a field of the entry is no map', { 'f:data': 'x' }, anObject('Custom', 'a', {}, { data: [] })],
    ['it owns nothing', {}, service],
  ])('but not where %s', (_why, fieldsV1, object) => {
    expect(ownsWhatIsSet(fieldsV1, object)).toBe(false)
  })
})
