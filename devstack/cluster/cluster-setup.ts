import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { credentialsFileOf } from '../bucket.ts'
import { checkLocation } from './check-location.ts'
import type { KubeClient } from './kube-client.ts'
import type { BucketAddress } from '../stack-types.ts'

/** What exists in a cluster before the first restore. */
export interface ClusterSetup {
  /** Velero's CustomResourceDefinitions. */
  crds: readonly object[]
  namespace: string
  /** The bucket of the backup location; without it there is no location. */
  location?: { s3: BucketAddress; prefix?: string }
  /** Folders of backups; the Backup of each is applied. */
  backups: readonly string[]
}

/** Applies what `velero install` and Velero's server would have left in a cluster, but for the server itself. */
export async function setUpCluster(client: KubeClient, setup: ClusterSetup): Promise<void> {
  await Promise.all([
    ...setup.crds.map((crd) => applyCrd(client, crd)),
    client.must('POST', '/api/v1/namespaces', { metadata: { name: setup.namespace } }),
  ])
  await Promise.all([
    addBackups(client, setup),
    ...setup.crds.map((crd) => served(client, crd)),
    ...kubernetesOwn.map((path) => answers(client, path)),
  ])
}

/** Applies the location and the backups of a setup. */
export async function addBackups(client: KubeClient, setup: Omit<ClusterSetup, 'crds'>): Promise<void> {
  const backups = await Promise.all(setup.backups.map(readBackup))
  await Promise.all([
    ...backups.map((backup) => applyServed(client, veleroPath(setup.namespace, 'backups'), backup)),
    setup.location === undefined ? undefined : addLocation(client, setup.namespace, setup.location),
  ])
}

/** The Deployment that Velero's plugins read. It has no pod, since the server runs outside the cluster. */
export async function addVeleroDeployment(
  client: KubeClient,
  namespace: string,
  args: readonly string[],
): Promise<void> {
  const labels = { component: 'velero', deploy: 'velero' }
  const container = { name: 'velero', image: 'velero/velero:v1.18.3', command: ['/velero'], args }
  await client.must('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    metadata: { name: 'velero', labels: { component: 'velero' } },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  })
}

/**
 * Lets the user of the second token read everything but Secrets, and write nothing. The role is our own: Kubernetes'
 * role `view` is empty until kube-controller-manager puts it together.
 */
export async function addReadonlyUser(client: KubeClient): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const verbs = ['get', 'list', 'watch']
  await client.must('POST', `${rbac}/clusterroles`, {
    metadata: { name: 'drydock-readonly' },
    rules: [
      { apiGroups: [''], resources: readableCore, verbs },
      { apiGroups: readableGroups, resources: ['*'], verbs },
    ],
  })
  await client.must('POST', `${rbac}/clusterrolebindings`, {
    metadata: { name: 'drydock-readonly' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'drydock-readonly' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'drydock-readonly' }],
  })
}

/** A rule cannot exclude Secrets, so it lists all other resources. */
const readableCore = (
  'configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims persistentvolumes pods ' +
  'replicationcontrollers resourcequotas serviceaccounts services'
).split(' ')
const readableGroups = (
  'apiextensions.k8s.io apps autoscaling batch coordination.k8s.io discovery.k8s.io events.k8s.io networking.k8s.io ' +
  'policy rbac.authorization.k8s.io scheduling.k8s.io storage.k8s.io velero.io'
).split(' ')

/** By server-side apply and in kubectl's name, as in the clusters of the recorded restores. */
async function applyCrd(client: KubeClient, crd: object): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${nameOf(crd)}?fieldManager=kubectl`
  await client.must('PATCH', path, crd, 'application/apply-patch+yaml')
}

/** An API server accepts a definition some time before it serves it. */
async function served(client: KubeClient, crd: object): Promise<void> {
  const { spec } = crd as { spec: { group: string; names: { plural: string }; versions: { name: string }[] } }
  await answers(client, `/apis/${spec.group}/${spec.versions[0]?.name ?? ''}/${spec.names.plural}?limit=1`)
}

/** Paths that answer once an API server is ready. It says that it is ready shortly before its own service exists. */
const kubernetesOwn = ['/readyz', '/api/v1/namespaces/default/services/kubernetes']

async function answers(client: KubeClient, path: string): Promise<void> {
  await eventually(async () => (await client.request('GET', path)).status === 200, path)
}

/**
 * Applies an object as soon as its kind is served. An API server keeps a POST of a kind that has just been defined
 * waiting for two seconds; an apply, which creates as well, it answers at once.
 */
async function applyServed(client: KubeClient, folder: string, object: object): Promise<void> {
  const path = `${folder}/${nameOf(object)}?fieldManager=velero-server`
  await eventually(async () => {
    const answer = await client.request('PATCH', path, object, 'application/apply-patch+yaml')
    if (answer.status === 404) return false
    if (answer.status < 300) return true
    throw new Error(`PATCH ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }, path)
}

/** The Secret, the location, and the location's state. */
async function addLocation(
  client: KubeClient,
  namespace: string,
  where: { s3: BucketAddress; prefix?: string },
): Promise<void> {
  const { s3, prefix } = where
  await client.must('POST', `/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: 'cloud-credentials', labels: { component: 'velero' } },
    stringData: { cloud: credentialsFileOf(s3) },
  })
  const verdict = await checkLocation(s3, prefix)
  await applyServed(client, veleroPath(namespace, 'backupstoragelocations'), {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name: 'default', labels: { component: 'velero' } },
    spec: {
      provider: 'aws',
      default: true,
      objectStorage: { bucket: s3.bucket, ...(prefix === undefined ? {} : { prefix }) },
      credential: { name: 'cloud-credentials', key: 'cloud' },
      config: { region: s3.region, s3Url: s3.endpoint, s3ForcePathStyle: 'true' },
    },
    status: { ...verdict, lastValidationTime: now(), lastSyncedTime: now() },
  })
}

interface BackupFile {
  metadata: { name: string; labels?: object; annotations?: object }
  status?: { expiration?: string }
}

/** A recorded backup as Velero's sync would create it in a cluster, with an expiration far enough in the future. */
async function readBackup(folder: string): Promise<object> {
  const backup = JSON.parse(await readFile(join(folder, 'velero-backup.json'), 'utf8')) as BackupFile
  const { name, labels, annotations } = backup.metadata
  const expiration = new Date(Date.now() + keepDays * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z')
  return { ...backup, metadata: { name, labels, annotations }, status: { ...backup.status, expiration } }
}

const keepDays = 30

async function eventually(check: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + servedSecondsMax * 1000
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`${what} is not served after ${servedSecondsMax} s`)
    await sleep(50)
  }
}

/** Beside many other processes an API server was seen to need more than 30 s. */
const servedSecondsMax = 120
const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z')
const nameOf = (object: object): string => (object as { metadata: { name: string } }).metadata.name
const veleroPath = (namespace: string, plural: string): string => `/apis/velero.io/v1/namespaces/${namespace}/${plural}`
