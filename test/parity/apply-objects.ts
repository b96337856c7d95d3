import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import type { TestCluster } from '../kit/stack.ts'
import { withAdmin } from '../kit/restores.ts'

/**
 * Creates the objects of files under test/fixtures/cases, one after the other, as `kubectl apply` would have; one with
 * managedFields as it is, so that it may be equal to an object of the backup. One with a deletionTimestamp is deleted then,
 * and stays where something holds it: nothing ends the deletion of a namespace here.
 */
export async function applyObjects(cluster: TestCluster, files: readonly string[]): Promise<void> {
  await withAdmin(cluster, async (client) => {
    for (const file of files) {
      const text = await readFile(fileURLToPath(new URL(`../fixtures/cases/${file}`, import.meta.url)), 'utf8')
      for (const document of parseAllDocuments(text)) await apply(client, document.toJS() as ApplyObject)
    }
  })
}

interface ApplyObject {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    annotations?: Record<string, string>
    managedFields?: unknown
    deletionTimestamp?: string
  }
  status?: unknown
}

async function apply(client: KubeClient, object: ApplyObject): Promise<void> {
  const { folder, hasStatus } = await placeOf(client, object)
  const { managedFields, deletionTimestamp, ...metadata } = object.metadata
  if (managedFields !== undefined) {
    await client.must('POST', folder, { ...object, metadata })
    const patch = { metadata: { managedFields } }
    await client.must('PATCH', `${folder}/${metadata.name}`, patch, 'application/merge-patch+json')
    return
  }
  const body = {
    ...object,
    metadata: {
      ...metadata,
      annotations: { ...object.metadata.annotations, [lastApplied]: lastAppliedOf(object) },
    },
  }
  const made = await client.must('POST', `${folder}?fieldManager=kubectl-client-side-apply`, body)
  if (object.status !== undefined && hasStatus) {
    const whole = { ...(made.body as object), status: object.status }
    await client.must('PUT', `${folder}/${object.metadata.name}/status?fieldManager=controller`, whole)
  }
  if (deletionTimestamp !== undefined) await client.must('DELETE', `${folder}/${metadata.name}`)
  if (object.kind !== 'CustomResourceDefinition') return
  const { spec } = object as unknown as {
    spec: { group: string; names: { plural: string }; versions: { name: string }[] }
  }
  await served(client, `/apis/${spec.group}/${spec.versions[0]?.name}/${spec.names.plural}`)
}

async function placeOf(client: KubeClient, { apiVersion, kind, metadata }: ApplyObject): Promise<Place> {
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const { resources } = (await client.must('GET', path)).body as { resources: { name: string; kind: string }[] }
  const plural = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'))?.name
  if (plural === undefined) throw new Error(`the cluster of the case has no ${apiVersion} ${kind}`)
  return {
    folder:
      metadata.namespace === undefined ? `${path}/${plural}` : `${path}/namespaces/${metadata.namespace}/${plural}`,
    hasStatus: resources.some((resource) => resource.name === `${plural}/status`),
  }
}

interface Place {
  folder: string
  /** Its status has a path of its own, and a create leaves it out. */
  hasStatus: boolean
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** As kubectl writes it: keys in order, annotations always there, a line end. */
function lastAppliedOf(object: ApplyObject): string {
  return `${JSON.stringify(inOrder({ ...object, metadata: { annotations: {}, ...object.metadata } }))}\n`
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, inOrder(part)]),
  )
}

async function served(client: KubeClient, path: string): Promise<void> {
  const deadline = Date.now() + servedMs
  while ((await client.request('GET', path)).status !== 200) {
    if (Date.now() > deadline) throw new Error(`${path} is not served after ${servedMs} ms`)
    await sleep(50)
  }
}

const servedMs = 20_000
