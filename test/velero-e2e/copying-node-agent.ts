import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import type { Cluster } from '../../devstack/stack-types.ts'
import { withClient } from '../../devstack/with-client.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { repeat } from '../kit/clusters/stand-in.ts'
import type { StandIn } from '../kit/clusters/stand-in.ts'
import { list, read } from './read-objects.ts'
import type { Found } from './read-objects.ts'

/** Where the folders of volumes and of their backups are. */
export interface CopiedVolumes {
  volumes: string
  snapshots: string
}

/**
 * Stands in for Velero's node agent: what is in a volume's folder is copied aside for a PodVolumeBackup and back for a
 * PodVolumeRestore, so that a file which a backup does not hold cannot come back. The one of `test/kit` only moves orders through their
 * phases. kwok calls the pods of its DaemonSet running.
 */
export async function startCopyingNodeAgent(
  cluster: Cluster,
  folders: CopiedVolumes,
  report: (line: string) => void,
): Promise<StandIn> {
  await withClient(cluster, (client) => install(client, cluster.veleroNamespace))
  const round = async (client: KubeClient) => {
    const orders = `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}`
    for (const order of await pending(client, `${orders}/podvolumebackups`)) await backUp(client, order, folders)
    for (const order of await pending(client, `${orders}/podvolumerestores`)) await restore(client, order, folders)
  }
  return repeat('node agent', cluster, { round, pauseMs: 1000, report })
}

async function install(client: KubeClient, namespace: string): Promise<void> {
  const labels = { name: 'node-agent', role: 'node-agent', component: 'velero' }
  const container = { name: 'node-agent', image: 'velero/velero:v1.18.3' }
  await client.must('POST', `/apis/apps/v1/namespaces/${namespace}/daemonsets`, {
    metadata: { name: 'node-agent' },
    spec: {
      selector: { matchLabels: { name: 'node-agent' } },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  })
  const driver = { metadata: { name: 'zfs.csi.openebs.io' }, spec: { attachRequired: false } }
  await client.must('POST', '/apis/storage.k8s.io/v1/csidrivers', driver)
}

interface Order extends Found {
  path: string
}

async function pending(client: KubeClient, folder: string): Promise<Order[]> {
  const orders = await list(client, folder)
  return orders
    .filter(({ status }) => !['Completed', 'Failed', 'Canceled'].includes(status?.['phase']))
    .map((order) => ({ ...order, path: `${folder}/${order.metadata['name']}` }))
}

async function backUp(client: KubeClient, order: Order, { volumes, snapshots }: CopiedVolumes): Promise<void> {
  const from = await folderOf(client, order, volumes)
  if (from === undefined) return
  const snapshotID = order.metadata['uid']
  mkdirSync(from, { recursive: true })
  cpSync(from, join(snapshots, snapshotID), { recursive: true })
  await tell(client, order, { ...done, snapshotID, path: from, startTimestamp: now(), completionTimestamp: now() })
}

async function restore(client: KubeClient, order: Order, { volumes, snapshots }: CopiedVolumes): Promise<void> {
  const to = await folderOf(client, order, volumes)
  const from = join(snapshots, order.spec['snapshotID'])
  if (to === undefined) return
  if (!existsSync(from))
    return tell(client, order, { phase: 'Failed', message: `no ${from}`, completionTimestamp: now() })
  cpSync(from, to, { recursive: true })
  await tell(client, order, { ...done, startTimestamp: now(), completionTimestamp: now() })
}

/** The folder of the order's volume; undefined while its pod has no node or its claim no volume. */
async function folderOf(client: KubeClient, { spec }: Order, volumes: string): Promise<string | undefined> {
  const namespace = `/api/v1/namespaces/${spec['pod'].namespace}`
  const pod = await read(client, `${namespace}/pods/${spec['pod'].name}`)
  const volume = pod?.spec['volumes']?.find(({ name }: { name: string }) => name === spec['volume'])
  const claim = volume?.persistentVolumeClaim?.claimName
  if (claim === undefined || !pod?.spec['nodeName']) return undefined
  const bound = await read(client, `${namespace}/persistentvolumeclaims/${claim}`)
  if (bound?.status?.['phase'] !== 'Bound') return undefined
  const persistent = await read(client, `/api/v1/persistentvolumes/${bound.spec['volumeName']}`)
  return persistent === undefined ? undefined : join(volumes, persistent.metadata['uid'])
}

async function tell(client: KubeClient, order: Order, status: object): Promise<void> {
  await client.must('PATCH', order.path, { status }, 'application/merge-patch+json')
}

const done = { phase: 'Completed', progress: { totalBytes: 1, bytesDone: 1 } }
const now = (): string => rfc3339(new Date())
