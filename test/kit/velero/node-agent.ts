import { whenFileIsOver } from '../run/clean-up.ts'
import type { KubeClient } from '../../../devstack/cluster/kube-client.ts'
import { withClient } from '../../../devstack/with-client.ts'
import { textAt } from '../../../core/values/fields.ts'
import { rfc3339 } from '../../../velero/manifest.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { TestCluster } from '../stack.ts'
import { repeat } from '../clusters/stand-in.ts'
import type { StandIn } from '../clusters/stand-in.ts'

/** What the stand-in does with an order: carry it out, fail it with a message, or leave it where it is. */
export type Verdict = 'complete' | 'stuck' | { fail: string }

export interface NodeAgentOptions {
  /** What becomes of an order; each is carried out without it. */
  verdict?: (order: Manifest) => Verdict
  /** Binds pods without a node to this one, as a scheduler would. */
  schedule?: boolean
  /** How long it waits between two rounds. */
  stepMs?: number
}

/** The stand-in as a test sees it. */
export interface NodeAgent extends StandIn {
  node: string
}

const usualStepMs = 100
const node = 'node-1'
const bytes = 1_000_000

/**
 * A stand-in for what real nodes have: a node, DaemonSet `node-agent` with its pod, and a program that moves
 * BackupRepositories, PodVolumeRestores and DataDownloads through their phases one step a round, as the real ones do:
 * an order is taken up only when its pod is scheduled or its claim is there, `spec.cancel` ends it as Canceled, and a
 * downloaded claim is bound to a new volume.
 */
export async function startNodeAgent(cluster: TestCluster, options: NodeAgentOptions = {}): Promise<NodeAgent> {
  const { veleroNamespace } = cluster
  await withClient(cluster, (client) => installNodeAgent(client, veleroNamespace))
  const { stop } = repeat('stand-in node agent', cluster, {
    round: (client) => round(client, veleroNamespace, options),
    pauseMs: options.stepMs ?? usualStepMs,
  })
  whenFileIsOver(stop)
  return { node, stop }
}

/** The objects alone: a node, the DaemonSet, and its pod, which runs. */
async function installNodeAgent(client: KubeClient, namespace: string): Promise<void> {
  const labels = { name: 'node-agent', role: 'node-agent' }
  const container = { name: 'node-agent', image: 'velero/velero:v1.18.3' }
  const template = { metadata: { labels }, spec: { containers: [container] } }
  await standing(client, '/api/v1/nodes', { metadata: { name: node } })
  await standing(client, `/apis/apps/v1/namespaces/${namespace}/daemonsets`, {
    metadata: { name: 'node-agent' },
    spec: { selector: { matchLabels: labels }, template },
  })
  const pods = `/api/v1/namespaces/${namespace}/pods`
  await standing(client, `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } })
  const spec = { nodeName: node, containers: [container] }
  await standing(client, pods, { metadata: { name: 'node-agent-1', labels }, spec })
  await merge(client, `${pods}/node-agent-1/status`, { status: { phase: 'Running' } })
}

async function standing(client: KubeClient, path: string, body: object): Promise<void> {
  const answer = await client.request('POST', path, body)
  if (answer.status >= 300 && answer.status !== 409) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`)
}

async function round(client: KubeClient, namespace: string, options: NodeAgentOptions): Promise<void> {
  const v1 = `/apis/velero.io/v1/namespaces/${namespace}`
  const v2 = `/apis/velero.io/v2alpha1/namespaces/${namespace}`
  if (options.schedule !== false) await schedule(client)
  for (const repository of await list(client, `${v1}/backuprepositories`)) {
    if (textAt(repository, 'status', 'phase') !== '') continue
    const ready = { spec: { resticIdentifier: 's3:r' }, status: { phase: 'Ready' } }
    await merge(client, `${v1}/backuprepositories/${repository.metadata.name}`, ready)
  }
  for (const order of await openOrders(client, `${v1}/podvolumerestores`)) {
    const pod = await read(client, podPath(order))
    const step = nextStep(order, textAt(pod, 'spec', 'nodeName') === node, options)
    if (step !== undefined) await merge(client, `${v1}/podvolumerestores/${order.metadata.name}`, { status: step })
  }
  for (const order of await openOrders(client, `${v2}/datadownloads`)) {
    const claim = await read(client, claimPath(order))
    const step = nextStep(order, claim !== undefined, options)
    if (step?.['phase'] === 'Completed' && claim !== undefined)
      await bindClaim(client, claim, textAt(order, 'spec', 'targetVolume', 'pv'))
    if (step !== undefined) await merge(client, `${v2}/datadownloads/${order.metadata.name}`, { status: step })
  }
}

/** Those that are not over: a cluster that has had many restores has many that are, and nothing is to be read for them. */
async function openOrders(client: KubeClient, path: string): Promise<Manifest[]> {
  const orders = await list(client, path)
  return orders.filter((order) => !['Completed', 'Failed', 'Canceled'].includes(textAt(order, 'status', 'phase')))
}

function nextStep(order: Manifest, startable: boolean, options: NodeAgentOptions): Record<string, unknown> | undefined {
  const now = rfc3339(new Date())
  const verdict = options.verdict?.(order) ?? 'complete'
  const canceled = { phase: 'Canceled', completionTimestamp: now, message: 'found the order marked as cancel' }
  if ((order['spec'] as { cancel?: boolean }).cancel === true) return verdict === 'stuck' ? undefined : canceled
  switch (textAt(order, 'status', 'phase')) {
    case '':
    case 'New':
      return startable && verdict !== 'stuck' ? { phase: 'Accepted', acceptedTimestamp: now, node } : undefined
    case 'Accepted':
      return { phase: 'Prepared' }
    case 'Prepared':
      return { phase: 'InProgress', startTimestamp: now, progress: { bytesDone: 0, totalBytes: bytes } }
    default:
      if (verdict === 'stuck') return undefined
      if (typeof verdict === 'object') return { phase: 'Failed', completionTimestamp: now, message: verdict.fail }
      return { phase: 'Completed', completionTimestamp: now, progress: { bytesDone: bytes, totalBytes: bytes } }
  }
}

/**
 * What the real one leaves: a volume with the claim's label, named in the claim; binding is the controller's. A volume that
 * is filled in place is given to the claim, and keeps its reclaim policy.
 */
async function bindClaim(client: KubeClient, claim: Manifest, inPlace: string): Promise<void> {
  const { name, namespace = '', uid } = claim.metadata
  const spec = claim['spec'] as Record<string, any>
  const volume = inPlace || `pvc-${uid}`
  const labels = spec['selector']?.matchLabels ?? {}
  const claimRef = { kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion: null }
  if (inPlace !== '') {
    await merge(client, `/api/v1/persistentvolumes/${volume}`, { metadata: { labels }, spec: { claimRef } })
  } else
    await standing(client, '/api/v1/persistentvolumes', {
      metadata: { name: volume, labels },
      spec: {
        capacity: { storage: spec['resources'].requests.storage },
        accessModes: spec['accessModes'],
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: spec['storageClassName'],
        hostPath: { path: `/tmp/${volume}` },
        claimRef: { kind: 'PersistentVolumeClaim', namespace, name, uid },
      },
    })
  await merge(client, claimPathOf(namespace, name), { spec: { volumeName: volume } })
  await merge(client, `${claimPathOf(namespace, name)}/status`, { status: { phase: 'Bound' } })
  await merge(client, `/api/v1/persistentvolumes/${volume}/status`, { status: { phase: 'Bound' } })
}

async function schedule(client: KubeClient): Promise<void> {
  for (const pod of await list(client, '/api/v1/pods?fieldSelector=spec.nodeName%3D')) {
    const { name, namespace = '' } = pod.metadata
    const target = { apiVersion: 'v1', kind: 'Node', name: node }
    await client.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, { metadata: { name }, target })
  }
}

async function list(client: KubeClient, path: string): Promise<Manifest[]> {
  return ((await client.must('GET', path)).body as { items: Manifest[] }).items
}

async function read(client: KubeClient, path: string): Promise<Manifest | undefined> {
  const answer = await client.request('GET', path)
  return answer.status === 200 ? (answer.body as Manifest) : undefined
}

async function merge(client: KubeClient, path: string, patch: object): Promise<void> {
  const answer = await client.request('PATCH', path, patch, 'application/merge-patch+json')
  if (answer.status >= 300 && answer.status !== 404) throw new Error(`PATCH ${path}: ${JSON.stringify(answer.body)}`)
}

const podPath = (order: Manifest) =>
  `/api/v1/namespaces/${textAt(order, 'spec', 'pod', 'namespace')}/pods/${textAt(order, 'spec', 'pod', 'name')}`
const claimPathOf = (namespace: string, name: string) =>
  `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`
const claimPath = (order: Manifest) =>
  claimPathOf(textAt(order, 'spec', 'targetVolume', 'namespace'), textAt(order, 'spec', 'targetVolume', 'pvc'))
