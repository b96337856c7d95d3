import type { TestCluster } from '../stack.ts'
import { withAdmin } from '../restores.ts'

/** Any object of Velero, as far as tests look at it. */
export interface VeleroObject {
  metadata: {
    name: string
    uid?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    finalizers?: string[]
    deletionTimestamp?: string
    creationTimestamp?: string
    ownerReferences?: { uid: string; kind: string }[]
  }
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
  [field: string]: unknown
}

const path = (cluster: TestCluster, resource: string, name = '') =>
  `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/${resource}${name === '' ? '' : `/${name}`}`

/** Reads one of Velero's objects; undefined where it is not there. */
export function getVelero(cluster: TestCluster, resource: string, name: string): Promise<VeleroObject | undefined> {
  return withAdmin(cluster, async (client) => {
    const answer = await client.request('GET', path(cluster, resource, name))
    return answer.status === 200 ? (answer.body as VeleroObject) : undefined
  })
}

/** Reads all of Velero's objects of a kind. */
export function listVelero(cluster: TestCluster, resource: string): Promise<VeleroObject[]> {
  return withAdmin(
    cluster,
    async (client) => ((await client.must('GET', path(cluster, resource))).body as { items: VeleroObject[] }).items,
  )
}

/** Creates one of Velero's objects. */
export function createVelero(cluster: TestCluster, resource: string, object: object): Promise<VeleroObject> {
  return withAdmin(
    cluster,
    async (client) => (await client.must('POST', path(cluster, resource), object)).body as VeleroObject,
  )
}

/** Creates a Backup that is Completed, whatever the bucket has of it. */
export function createCompletedBackup(cluster: TestCluster, name: string): Promise<VeleroObject> {
  return createVelero(cluster, 'backups', {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name, namespace: cluster.veleroNamespace },
    spec: { storageLocation: 'default' },
    status: { phase: 'Completed' },
  })
}

/** Changes one of Velero's objects by a merge patch. */
export function patchVelero(
  cluster: TestCluster,
  resource: string,
  name: string,
  patch: object,
): Promise<VeleroObject> {
  return withAdmin(
    cluster,
    async (client) =>
      (await client.must('PATCH', path(cluster, resource, name), patch, 'application/merge-patch+json'))
        .body as VeleroObject,
  )
}

/** Deletes one of Velero's objects, as `kubectl delete --wait=false` does. */
export function deleteVelero(cluster: TestCluster, resource: string, name: string): Promise<unknown> {
  return withAdmin(cluster, (client) => client.must('DELETE', path(cluster, resource, name)))
}

/** Reasons and notes of the Events about an object of the Velero namespace, in the order of their times. */
export function eventsOf(
  cluster: TestCluster,
  name: string,
): Promise<{ type: string; reason: string; note: string }[]> {
  return withAdmin(cluster, async (client) => {
    const { body } = await client.must('GET', `/apis/events.k8s.io/v1/namespaces/${cluster.veleroNamespace}/events`)
    const { items } = body as { items: (Event & { regarding: { name: string } })[] }
    return items
      .filter(({ regarding }) => regarding.name === name)
      .sort((a, b) => (a.eventTime < b.eventTime ? -1 : 1))
      .map(({ type, reason, note }) => ({ type, reason, note }))
  })
}

interface Event {
  type: string
  reason: string
  note: string
  eventTime: string
}
