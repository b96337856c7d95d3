import { addReadonlyUser, setUpCluster } from './cluster/cluster-setup.ts'
import { openHome, type Home } from './home.ts'
import { takeNodePlace } from './node/node-place.ts'
import { whyNoNode } from './node/node-requirements.ts'
import { startExtraServices, type ExtraOptions } from './services/extra-services.ts'
import { startApiServer } from './services/kube-apiserver.ts'
import { startEtcd } from './services/etcd.ts'
import type { BucketAddress, Cluster, NodePlace } from './stack-types.ts'
import { stopStack } from './stop-stack.ts'
import { veleroCrds } from './cluster/velero-crds.ts'
import { withClient } from './with-client.ts'

export interface ClusterOptions extends ExtraOptions {
  /** The folder. An earlier stack in it is stopped and removed first. */
  dir: string
  /** An etcd that runs already; each cluster in it needs a prefix of its own. */
  etcd?: { address: string; prefix: string }
  audit?: boolean
  /** The bucket of the backup location; without it the cluster has none. */
  location?: { s3: BucketAddress; prefix?: string }
  /** Folders of backups whose Backup is applied. */
  backups?: readonly string[]
  veleroNamespace?: string
  /** Lets `drydock-readonly` read everything but Secrets; without it that user may do nothing. */
  readonlyUser?: boolean
  /** Refuses pods whose ServiceAccount does not exist, as a complete cluster does. */
  serviceAccountAdmission?: boolean
  /** An API server without what no test looks at: it costs less. */
  lean?: boolean
  report?: (line: string) => void
  signal?: AbortSignal
}

/**
 * Brings up etcd and kube-apiserver alone, with Velero's CRDs, namespace, location and Backups: a cluster in which a
 * restore can be compared object by object, since no controller touches anything. `stopStack(dir)` ends it.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  await stopStack(options.dir)
  const home = openHome(options.dir, options)
  try {
    const node = await placeIfAsked(home, options)
    const bare = await bringUpCluster(home, { ...options, ...node })
    await startExtraServices(home, bare, options)
    const cluster = { ...bare, pids: pidsOf(home) }
    home.state.cluster = cluster
    home.save()
    return cluster
  } catch (error) {
    await stopStack(options.dir, { keepFiles: true })
    throw error
  }
}

/** The cluster's part of a stack. */
export async function bringUpCluster(
  home: Home,
  options: Omit<ClusterOptions, 'dir'> & { node?: NodePlace },
): Promise<Cluster> {
  const veleroNamespace = options.veleroNamespace ?? 'velero'
  const crds = veleroCrds(home)
  // An API server that fails must not leave this promise without a listener.
  crds.catch(() => {})
  const etcd = options.etcd?.address ?? (await startEtcd(home, { lean: options.lean ?? false }))
  const prefix = options.etcd === undefined ? {} : { etcdPrefix: options.etcd.prefix }
  const address = await startApiServer(home, {
    etcd,
    ...prefix,
    audit: options.audit ?? false,
    // The pods of a real node have tokens.
    serviceAccountAdmission: options.serviceAccountAdmission ?? options.node !== undefined,
    ...(options.node === undefined ? {} : { node: options.node }),
    lean: options.lean ?? false,
  })
  await withClient(address, async (client) => {
    await setUpCluster(client, {
      crds: await crds,
      namespace: veleroNamespace,
      backups: options.backups ?? [],
      ...(options.location === undefined ? {} : { location: options.location }),
    })
    if (options.readonlyUser === true) await addReadonlyUser(client)
  })
  return { ...address, dir: home.dir, veleroNamespace, pids: pidsOf(home) }
}

/** The place of the node where one is asked for: the API server has to be started for it. */
export async function placeIfAsked(home: Home, { with: services }: ExtraOptions): Promise<{ node?: NodePlace }> {
  if (services?.includes('node') !== true) return {}
  const reason = whyNoNode()
  if (reason !== undefined) throw new Error(reason)
  return { node: await takeNodePlace(home) }
}

/** The pid of every service that was started in this home. */
export function pidsOf(home: Home): Record<string, number> {
  return Object.fromEntries(Object.entries(home.state.services).map(([name, { pid }]) => [name, pid]))
}
