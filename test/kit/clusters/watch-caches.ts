import type { Cluster } from '../../../devstack/stack-types.ts'
import { withClient } from '../../../devstack/with-client.ts'
import { waitUntil } from '../wait-until.ts'
import type { EtcdWrite } from './etcd-data.ts'

/**
 * Waits until the API server has seen these writes, which went to etcd past it: the watch cache of each kind, from which
 * its controllers and its admission learn too, is at the revision, and it refuses objects in namespaces that are gone. The
 * keys are without the cluster's prefix; `served` is what the server serves, as `group/version/resource`. A list that may not
 * be older than a revision waits for the cache: that costs a fraction of the server's metrics, which tell the revisions too.
 */
export async function awaitWatchCaches(
  cluster: Cluster,
  served: readonly string[],
  written: readonly EtcdWrite[],
): Promise<void> {
  if (written.length === 0) return
  const revisions = new Map<string, number>()
  for (const { key, revision } of written)
    revisions.set(kindOf(key), Math.max(revision, revisions.get(kindOf(key)) ?? 0))
  const gone = written.filter(({ key, removed }) => removed && kindOf(key) === 'namespaces')
  await withClient(cluster, async (client) => {
    for (const [kind, revision] of revisions) {
      const path = `${collectionOf(kind, served)}?${onlyOnceAt(revision)}`
      const hasCaughtUp = async () => {
        // Until then the server waits for some seconds and says that the revision is too large; a kind that is defined anew may be
        // unavailable for a moment.
        const { status } = await client.request('GET', path)
        return status === 200 || status === 404
      }
      await waitUntil(hasCaughtUp, 60_000, `the watch cache of ${kind}`)
    }
    for (const { key } of gone) {
      const path = `/api/v1/namespaces/${key.split('/').at(-1) ?? ''}/configmaps?dryRun=All`
      const isRefused = async () =>
        (await client.request('POST', path, { metadata: { name: 'not-made' } })).status === 404
      await waitUntil(isRefused, 60_000, `the API server to forget the namespace of ${path}`)
    }
  })
}

/** An answer that names no object, since none has this name. */
const onlyOnceAt = (revision: number): string =>
  `resourceVersion=${revision}&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Dnone`

/**
 * The path of all objects of a kind, as `kindOf` calls it. Most groups of Kubernetes' own are not in the keys. What is no resource,
 * such as the ranges of addresses, gets a path that is not served.
 */
export function collectionOf(kind: string, served: readonly string[]): string {
  const isOfKind = (one: string): boolean => {
    const [group = '', , resource = ''] = one.split('/')
    return kind === `${group}/${resource}` || (kind === resource && /^[^.]*$|\.k8s\.io$/.test(group))
  }
  const found = served.find(isOfKind)
  return found === undefined ? `/api/v1/${kind}` : `/apis/${found}`
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
