import type { Cluster } from '../../../devstack/stack-types.ts'
import { withClient } from '../../../devstack/with-client.ts'
import { waitUntil } from '../wait-until.ts'
import type { EtcdWrite } from './etcd-data.ts'

/**
 * Waits until the API server has seen these writes, which went to etcd past it: the watch cache of each kind, from which
 * its controllers and its admission learn too, is at the revision, and it refuses objects in namespaces that are gone. The
 * keys are without the cluster's prefix. Source of the revisions: `apiserver_watch_cache_resource_version` of its metrics.
 */
export async function awaitWatchCaches(cluster: Cluster, written: readonly EtcdWrite[]): Promise<void> {
  if (written.length === 0) return
  const revisions = new Map<string, number>()
  for (const { key, revision } of written)
    revisions.set(kindOf(key), Math.max(revision, revisions.get(kindOf(key)) ?? 0))
  const gone = written.filter(({ key, removed }) => removed && kindOf(key) === 'namespaces')
  await withClient(cluster, async (client) => {
    const haveCaughtUp = async () => {
      const caches = readCaches(String((await client.must('GET', '/metrics')).body))
      return caches.every(({ kinds, revision }) => kinds.every((kind) => revision >= (revisions.get(kind) ?? 0)))
    }
    await waitUntil(haveCaughtUp, 60_000, 'the watch caches of the API server')
    for (const { key } of gone) {
      const path = `/api/v1/namespaces/${key.split('/').at(-1) ?? ''}/configmaps?dryRun=All`
      const isRefused = async () =>
        (await client.request('POST', path, { metadata: { name: 'not-made' } })).status === 404
      await waitUntil(isRefused, 60_000, `the API server to forget the namespace of ${path}`)
    }
  })
}

const cacheLine = /^apiserver_watch_cache_resource_version\{group="([^"]*)",resource="([^"]*)"\} (\S+)$/gm

/**
 * What the metrics tell of each watch cache, and how `kindOf` may call its kind: most groups of Kubernetes' own are not in the
 * keys. A kind without a cache, as Event, is always read from etcd.
 */
export function readCaches(metrics: string): { kinds: string[]; revision: number }[] {
  return [...metrics.matchAll(cacheLine)].map(([, group = '', resource = '', revision]) => ({
    kinds: [`${group}/${resource}`, ...(/^[^.]*$|\.k8s\.io$/.test(group) ? [resource] : [])],
    revision: Number(revision),
  }))
}

/** The kind of an object by its key in etcd: its resource, with the group where the key has it. */
export function kindOf(key: string): string {
  const [first = '', second = ''] = key.split('/').filter((part) => part !== '')
  if (first.includes('.')) return `${first}/${second}`
  return ownNames[`${first}/${second}`] ?? ownNames[first] ?? first
}

/** Where a key has another word than the resource, from `specialDefaultResourcePrefixes` of kube-apiserver. */
const ownNames: Readonly<Record<string, string>> = {
  'services/specs': 'services',
  'services/endpoints': 'endpoints',
  minions: 'nodes',
  controllers: 'replicationcontrollers',
  ingress: 'ingresses',
}
