import { gunzipSync } from 'node:zlib'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { openBucket } from '../../devstack/bucket.ts'
import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { ResourceList, Results } from '../../velero/results.ts'
import { waitUntil } from './wait-until.ts'
import type { TestCluster } from './stack.ts'

let made = 0

const admins = new Map<string, KubeClient>()

/**
 * Lends a client of the cluster's administrator. All uses share its connections, since a test that waits asks several times a
 * second, and each connection costs both sides a handshake. Those that are not used are closed after seconds.
 */
export function withAdmin<T>(cluster: TestCluster, use: (client: KubeClient) => Promise<T>): Promise<T> {
  const target = { url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin }
  const key = Object.values(target).join(' ')
  const client = admins.get(key) ?? openKubeClient(target)
  admins.set(key, client)
  return use(client)
}

const path = (cluster: TestCluster) => `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/restores`

/** What Drydock knows the cluster by: the uid of its namespace `kube-system` (rule 3). */
export function clusterIdOf(cluster: TestCluster): Promise<string> {
  return withAdmin(cluster, async (admin) => {
    const { body } = await admin.must('GET', '/api/v1/namespaces/kube-system')
    return (body as { metadata: { uid: string } }).metadata.uid
  })
}

/** Creates a Restore as a user would, and returns it. */
export async function createRestore(
  cluster: TestCluster,
  options: { name?: string; spec?: RestoreSpec; annotations?: Record<string, string>; status?: object },
): Promise<Restore> {
  const name = options.name ?? `r${process.pid}-${++made}`
  const body = {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { name, namespace: cluster.veleroNamespace, annotations: options.annotations ?? {} },
    ...(options.spec === undefined ? {} : { spec: options.spec }),
    ...(options.status === undefined ? {} : { status: options.status }),
  }
  return withAdmin(cluster, async (client) => (await client.must('POST', path(cluster), body)).body as Restore)
}

/** The Restore as it stands; undefined where it is not there. */
export async function getRestore(cluster: TestCluster, name: string): Promise<Restore | undefined> {
  return withAdmin(cluster, async (client) => {
    const answer = await client.request('GET', `${path(cluster)}/${name}`)
    return answer.status === 200 ? (answer.body as Restore) : undefined
  })
}

/** Waits until the Restore is over, or as the predicate says, and returns it. */
export async function awaitRestore(
  cluster: TestCluster,
  name: string,
  until: (restore: Restore) => boolean = (restore) => isTerminal(restore.status?.phase),
  ms = 120_000,
): Promise<Restore> {
  let seen: Restore | undefined
  await waitUntil(
    async () => {
      seen = await getRestore(cluster, name)
      return seen !== undefined && until(seen)
    },
    ms,
    `Restore ${name}`,
  ).catch((error: unknown) => {
    throw new Error(
      `${error instanceof Error ? error.message : String(error)}; it stands at ${JSON.stringify(seen?.status)}`,
      { cause: error },
    )
  })
  return seen as Restore
}

/** The result files of a restore, decoded; those that are missing are undefined. */
export interface ResultFiles {
  log: string | undefined
  results: Results | undefined
  resourceList: ResourceList | undefined
  itemOperations: unknown[] | undefined
  volumeInfo: unknown[] | undefined
}

/** Reads the five result files of a restore from the bucket. */
export async function readResultFiles(cluster: TestCluster, name: string): Promise<ResultFiles> {
  const text = async (key: string) => readObject(cluster, `restores/${name}/${key}`)
  const json = async <T>(key: string) => {
    const found = await text(key)
    return found === undefined ? undefined : (JSON.parse(found) as T)
  }
  return {
    log: await text(`restore-${name}-logs.gz`),
    results: await json<Results>(`restore-${name}-results.gz`),
    resourceList: await json<ResourceList>(`restore-${name}-resource-list.json.gz`),
    itemOperations: await json<unknown[]>(`restore-${name}-itemoperations.json.gz`),
    volumeInfo: await json<unknown[]>(`${name}-volumeinfo.json.gz`),
  }
}

/** A gzipped object of the location as text; undefined where it is missing. */
export async function readObject(cluster: TestCluster, key: string): Promise<string | undefined> {
  const client = openBucket(cluster.s3)
  try {
    const found = await client.send(new GetObjectCommand({ Bucket: cluster.s3.bucket, Key: withPrefix(cluster, key) }))
    return gunzipSync(Buffer.from((await found.Body?.transformToByteArray()) ?? [])).toString('utf8')
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchKey') return undefined
    throw error
  } finally {
    client.destroy()
  }
}

/** All keys of the location under a prefix. */
export async function listKeys(cluster: TestCluster, prefix: string): Promise<string[]> {
  const client = openBucket(cluster.s3)
  try {
    const found = await client.send(
      new ListObjectsV2Command({ Bucket: cluster.s3.bucket, Prefix: withPrefix(cluster, prefix) }),
    )
    return (found.Contents ?? [])
      .map((object) => object.Key ?? '')
      .map((key) => (cluster.prefix === '' ? key : key.slice(cluster.prefix.length + 1)))
  } finally {
    client.destroy()
  }
}

function withPrefix(cluster: TestCluster, key: string): string {
  return cluster.prefix === '' ? key : `${cluster.prefix}/${key}`
}
