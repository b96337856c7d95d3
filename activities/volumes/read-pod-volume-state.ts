import { ApiError } from '../../core/port-errors.ts'
import { textAt } from '../../core/values/fields.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import type { PodVolumeFacts } from '../../core/volumes/decide-pod-volumes.ts'
import type { PodWithVolumes } from '../../core/volumes/pod-volume-restore.ts'
import { restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { listOrders, podVolumeRestores } from '../operations/node-agent-orders.ts'
import type { Cluster } from '../ports.ts'

/** What changes often: the PodVolumeRestores, and what they need. */
export type OrdersSeen = Pick<PodVolumeFacts, 'nodeAgent' | 'repositories' | 'podVolumeRestores'>

/** What changes seldom and is read seldom: pods, nodes and the node agents on them. */
export type HostsSeen = Pick<PodVolumeFacts, 'pods' | 'nodes' | 'agents'>

const core = (resource: string) => ({ group: '', version: 'v1', resource })

/** Reads the PodVolumeRestores of a restore; DaemonSet and repositories only while some are still to be created. */
export async function readOrders(cluster: Cluster, ref: AdmittedRef, toPlace: boolean): Promise<OrdersSeen> {
  const { namespace } = ref
  const daemonSet = { group: 'apps', version: 'v1', resource: 'daemonsets', namespace, name: 'node-agent' }
  const repositories = { group: 'velero.io', version: 'v1', resource: 'backuprepositories' }
  const [orders, agent, found] = await Promise.all([
    listOrders(cluster, podVolumeRestores, ref),
    toPlace ? cluster.get(daemonSet) : undefined,
    toPlace ? cluster.list(repositories, { namespace }) : [],
  ])
  return {
    podVolumeRestores: new Map(orders.map((order) => [order.metadata.name, order])),
    nodeAgent: agent !== undefined,
    repositories: found,
  }
}

/** Reads where pods run: one LIST each of the restore's pods, of nodes and of node agents, for any number of pods. */
export async function readHosts(
  cluster: Cluster,
  ref: AdmittedRef,
  works: readonly PodWithVolumes[],
): Promise<HostsSeen> {
  const labelSelector = `${restoreNameLabel}=${validLabelValue(ref.name)}`
  const [listed, nodes, agents] = await Promise.all([
    cluster.list(core('pods'), { labelSelector }),
    listNodes(cluster),
    cluster.list(core('pods'), { namespace: ref.namespace, labelSelector: 'role=node-agent' }),
  ])
  const pods = new Map(listed.map((pod) => [pod.metadata.uid ?? '', pod]))
  for (const { pod } of works) {
    if (pods.has(pod.uid)) continue
    const found = await cluster.get({ ...core('pods'), namespace: pod.namespace, name: pod.name })
    if (found?.metadata.uid === pod.uid) pods.set(pod.uid, found)
  }
  const running = agents.filter((agent) => textAt(agent, 'status', 'phase') === 'Running')
  const hosts = running.map((agent) => textAt(agent, 'spec', 'nodeName'))
  return { pods, agents: new Set(hosts), nodes: nodes ?? new Set([...hosts, ...nodesOf(pods.values())]) }
}

/** Undefined where the worker may not read nodes: then each node that a pod names counts as existing. */
async function listNodes(cluster: Cluster): Promise<Set<string> | undefined> {
  try {
    const nodes = await cluster.list(core('nodes'), { metadataOnly: true })
    return new Set(nodes.map((node) => node.metadata.name))
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code === 403) return undefined
    throw thrown
  }
}

function nodesOf(pods: Iterable<Manifest>): string[] {
  return [...pods].map((pod) => textAt(pod, 'spec', 'nodeName'))
}
