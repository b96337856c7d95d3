import { randomUUID } from 'node:crypto'
import { Agent, request } from 'undici'
import { startCluster, type ClusterOptions } from '../../../devstack/cluster.ts'
import type { Cluster } from '../../../devstack/stack-types.ts'
import type { Send } from '../../../infra/cluster/objects.ts'
import { discoverResources } from '../../../infra/cluster/discovery.ts'
import { createLog } from '../../ports/log.ts'
import { waitUntil } from '../wait-until.ts'
import { putEtcdBack, readEtcd, toBase64, type EtcdData, type EtcdWrite } from './etcd-data.ts'
import { awaitWatchCaches, kindOf } from './watch-caches.ts'

/** A cluster that is used by one after another, and how it was when nobody had used it. JSON. */
export interface ReusedCluster {
  cluster: Cluster
  /** Its prefix in etcd. */
  prefix: string
  data: EtcdData
  /** Each resource that it serves, as `group/version/resource`. */
  served: string[]
}

/** How such a cluster is started: it begins bare, and its etcd is that of others too. */
export type ReusedOptions = Pick<ClusterOptions, 'dir' | 'audit' | 'serviceAccountAdmission'> & { etcd: string }

let started = 0

/** Starts one. `stopStack(dir)` ends it. */
export async function startReusedCluster(options: ReusedOptions): Promise<ReusedCluster> {
  const prefix = `/reused-${process.pid}-${Date.now()}-${++started}`
  const cluster = await startCluster({ ...options, lean: true, etcd: { address: options.etcd, prefix } })
  return { cluster, prefix, data: await readEtcd(options.etcd, prefix), served: await servedBy(cluster) }
}

/**
 * Makes a cluster bare again by its data in etcd, which costs a fraction of a new API server. Leases of workers stay, since a
 * worker may serve the cluster through several uses; `anew` gives the cluster another identity (the uid of `kube-system`), so
 * that no workflow of earlier users is its own (rule 3). Returns when the API server serves just what it served at first, its
 * watch caches show what stands in etcd, and nobody has written anything meanwhile.
 */
export async function makeBare(reused: ReusedCluster, { anew = false } = {}): Promise<ReusedCluster> {
  const { cluster, prefix } = reused
  const keptLeases = `${prefix}/leases/${cluster.veleroNamespace}/`
  const place = { address: cluster.etcd, prefix, stays: (key: string) => !anew && key.startsWith(keptLeases) }
  let data = anew ? withNewIdentity(reused) : reused.data
  for (let round = 1; ; round++) {
    const done = await putEtcdBack(place, data)
    data = done.data
    const foreign = done.written.filter(({ key }) => !serversOwn.test(key))
    if (round > 1 && foreign.length === 0) return { ...reused, data }
    if (round === roundsMax)
      throw new Error(`somebody still writes into this cluster: ${foreign.map(({ key }) => key).join(' ')}`)
    await awaitServed(reused)
    await awaitWatchCaches(cluster, reused.served, done.written.filter(isServed(reused)))
  }
}

const roundsMax = 5
/** Where an API server says that it lives. */
const serversOwn = /^\/(?:leases\/kube-system|peerserverleases)\//

async function awaitServed({ cluster, served }: ReusedCluster): Promise<void> {
  const text = served.join()
  await waitUntil(async () => (await servedBy(cluster)).join() === text, 60_000, 'the API server to serve what it did')
}

/** Whether a written key is of a kind that is served: the cache of one that is defined no more is not asked. */
function isServed({ served }: ReusedCluster): (write: EtcdWrite) => boolean {
  const kinds = new Set(served.map((one) => one.replace(/\/[^/]+\//, '/')))
  return ({ key }) => !kindOf(key).includes('/') || kinds.has(kindOf(key))
}

/** A uid has one length, so another one takes its place in the stored bytes. */
function withNewIdentity({ prefix, data }: ReusedCluster): EtcdData {
  const key = toBase64(`${prefix}/namespaces/kube-system`)
  const stored = Buffer.from(data[key]?.value ?? '', 'base64').toString('latin1')
  const uid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(stored)?.[0]
  if (uid === undefined) throw new Error('the stored namespace kube-system has no uid')
  const value = Buffer.from(stored.replaceAll(uid, randomUUID()), 'latin1').toString('base64')
  return { ...data, [key]: { revision: 'none', value } }
}

async function servedBy(cluster: Cluster): Promise<string[]> {
  const dispatcher = new Agent({ connect: { ca: cluster.kubeCa } })
  const send: Send = async ({ path, accept = 'application/json' }) => {
    const headers = { authorization: `Bearer ${cluster.tokens.admin}`, accept }
    const answer = await request(cluster.kubeUrl + path, { dispatcher, headers })
    return answer.body.json()
  }
  try {
    const found = await discoverResources(send, createLog())
    const ofGroups = found.filter(({ group }) => group !== '')
    return ofGroups.map(({ group, version, resource }) => `${group}/${version}/${resource}`).sort()
  } finally {
    await dispatcher.close()
  }
}
