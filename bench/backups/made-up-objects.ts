import type { ManagedFieldsEntry, Manifest, Metadata } from '../../velero/manifest.ts'
import type { BackedUp } from './backup-folder.ts'

/** Namespaces with so many Secrets and as many ConfigMaps each, of the size and the owners of those in `bulk5k`. */
export function* smallObjects(namespaces: number, pairs: number): Generator<BackedUp> {
  for (const namespace of namesOf('bulk', namespaces)) {
    yield aNamespace(namespace)
    for (const name of namesOf('item', pairs)) {
      yield ['secrets', anObject('v1', 'Secret', { namespace, name }, { data: { token: secretText }, type: 'Opaque' })]
      yield ['configmaps', anObject('v1', 'ConfigMap', { namespace, name }, { data: { text: configText } })]
    }
  }
}

/** One namespace with so many ConfigMaps. */
export function* configMaps(count: number): Generator<BackedUp> {
  const namespace = 'config'
  yield aNamespace(namespace)
  for (const name of namesOf('item', count))
    yield ['configmaps', anObject('v1', 'ConfigMap', { namespace, name }, { data: { text: configText } })]
}

/** Namespaces with so many applications each: a Deployment, its Service and its ConfigMap, as Helm installs them. */
export function* applications(namespaces: number, perNamespace: number): Generator<BackedUp> {
  for (const namespace of namesOf('team', namespaces)) {
    yield aNamespace(namespace)
    for (const name of namesOf('app', perNamespace)) {
      const labels = { app: name, 'app.kubernetes.io/managed-by': 'Helm' }
      const annotations = { 'meta.helm.sh/release-name': name, 'meta.helm.sh/release-namespace': namespace }
      const metadata = { namespace, name, labels, annotations }
      yield ['configmaps', anObject('v1', 'ConfigMap', metadata, { data: { text: configText } })]
      yield ['services', anObject('v1', 'Service', metadata, { spec: serviceSpec(name), status: {} })]
      yield ['deployments.apps', aDeployment(metadata)]
    }
  }
}

/** One namespace with so many pods, each with a claim of its own that nothing has filled yet. */
export function* podsWithClaims(count: number): Generator<BackedUp> {
  const namespace = 'pods'
  yield aNamespace(namespace)
  yield ['serviceaccounts', anObject('v1', 'ServiceAccount', { namespace, name: 'default' }, {})]
  for (const name of namesOf('pod', count)) {
    yield ['persistentvolumeclaims', anObject('v1', 'PersistentVolumeClaim', { namespace, name }, { spec: claimSpec })]
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: name } }]
    const spec = { ...podSpec, serviceAccountName: 'default', volumes }
    yield [
      'pods',
      anObject('v1', 'Pod', { namespace, name, labels: { app: 'pod' } }, { spec, status: { phase: 'Running' } }),
    ]
  }
}

function aNamespace(name: string): BackedUp {
  return ['namespaces', anObject('v1', 'Namespace', { name }, { spec: { finalizers: ['kubernetes'] } })]
}

function aDeployment(metadata: Metadata): Manifest {
  const selector = { matchLabels: { app: metadata.name } }
  const template = { metadata: { labels: metadata.labels }, spec: podSpec }
  const spec = { replicas: 2, revisionHistoryLimit: 10, selector, template }
  const annotations = { ...metadata.annotations, 'deployment.kubernetes.io/revision': '1' }
  const made = anObject('apps/v1', 'Deployment', { ...metadata, annotations }, { spec })
  const controller = anEntry('apps/v1', 'kube-controller-manager', { 'f:status': { 'f:replicas': {} } })
  const managedFields = [...(made.metadata.managedFields ?? []), { ...controller, subresource: 'status' }]
  return { ...made, metadata: { ...made.metadata, managedFields }, status: { replicas: 2, readyReplicas: 2 } }
}

/** As Velero backs it up: with uid, version, time and the owner of all fields but those of the status. */
function anObject(apiVersion: string, kind: string, metadata: Metadata, fields: Record<string, unknown>): Manifest {
  const { status: _status, ...owned } = fields
  const { name: _name, namespace: _namespace, ...named } = metadata
  const manager = metadata.annotations?.['meta.helm.sh/release-name'] === undefined ? 'deployer' : 'helm'
  const entry = anEntry(apiVersion, manager, fieldsOf({ metadata: named, ...owned }) as object)
  const number = ++made
  const cluster = {
    uid: `0d7afe05-6de9-4d00-bcab-${String(number).padStart(12, '0')}`,
    resourceVersion: String(1000 + number),
    creationTimestamp: madeAt,
    managedFields: [entry],
  }
  return { apiVersion, kind, metadata: { ...metadata, ...cluster }, ...fields }
}

let made = 0
const madeAt = '2026-11-23T20:32:25Z'

function anEntry(apiVersion: string, manager: string, fieldsV1: object): ManagedFieldsEntry {
  return { apiVersion, fieldsType: 'FieldsV1', fieldsV1, manager, operation: 'Update', time: madeAt }
}

/** The set of an object's fields as managedFields say it; of a list without keys it is one field. */
function fieldsOf(value: unknown, field = ''): unknown {
  if (typeof value !== 'object' || value === null) return {}
  if (!Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [`f:${key}`, fieldsOf(part, key)]))
  }
  const elements = value.map((element: Record<string, unknown>) => {
    const keys = keysOf(field, element).map((key) => [key, element[key]] as const)
    return [`k:${JSON.stringify(Object.fromEntries(keys))}`, fieldsOf(element)] as const
  })
  return Object.fromEntries(elements.filter(([key]) => key !== 'k:{}'))
}

/** By what the elements of a list are told apart, where they are. */
function keysOf(field: string, element: unknown): readonly string[] {
  if (field === 'ports') return [Object.hasOwn(element as object, 'port') ? 'port' : 'containerPort', 'protocol']
  return ['containers', 'env', 'volumes'].includes(field) ? ['name'] : []
}

function namesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}

function serviceSpec(app: string): object {
  return {
    selector: { app },
    type: 'ClusterIP',
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
  }
}

const resources = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } }
const probe = { httpGet: { path: '/ready', port: 8080, scheme: 'HTTP' }, periodSeconds: 10, timeoutSeconds: 1 }
const container = {
  name: 'app',
  image: 'example.com/app:1.2.3',
  imagePullPolicy: 'IfNotPresent',
  env: [{ name: 'LOG_LEVEL', value: 'info' }],
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  resources,
  readinessProbe: probe,
}
const podSpec = { containers: [container], restartPolicy: 'Always', terminationGracePeriodSeconds: 30 }
const claimSpec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' } },
  storageClassName: 'sc',
}
const secretText = Buffer.from('t2608'.repeat(20)).toString('base64')
const configText = 'line 2608 '.repeat(30)
