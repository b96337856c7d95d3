import { setTimeout as sleep } from 'node:timers/promises'
import { withAdmin } from '../kit/restores.ts'
import type { TestCluster } from '../kit/stack.ts'

/**
 * Stands in for a node-agent: brings every DataDownload and PodVolumeRestore that comes up to its last phase, until
 * the signal.
 */
export async function moveData(
  cluster: TestCluster,
  phase: 'Completed' | 'Failed',
  signal: AbortSignal,
): Promise<void> {
  const folders = [
    `/apis/velero.io/v2alpha1/namespaces/${cluster.veleroNamespace}/datadownloads`,
    `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/podvolumerestores`,
  ]
  const status = {
    phase,
    ...(phase === 'Failed' ? { message: 'the disk is full' } : { progress: { totalBytes: 7, bytesDone: 7 } }),
  }
  await withAdmin(cluster, async (client) => {
    while (!signal.aborted) {
      for (const folder of folders) {
        const { items } = (await client.must('GET', folder)).body as { items: WorkOrder[] }
        for (const item of items.filter((one) => one.status?.phase !== phase)) {
          await client.must(
            'PATCH',
            `${folder}/${item.metadata.name}?fieldManager=node-agent`,
            { status },
            'application/merge-patch+json',
          )
        }
      }
      await sleep(200, undefined, { signal }).catch(() => {})
    }
  })
}

interface WorkOrder {
  metadata: { name: string }
  status?: { phase?: string }
}
