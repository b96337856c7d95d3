import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import type { ClusterAddress } from '../../devstack/stack-types.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { repeat } from '../kit/clusters/stand-in.ts'
import type { StandIn } from '../kit/clusters/stand-in.ts'

/** Says of each pod that has a node that its containers run, as a kubelet would. */
export const startPods = (cluster: ClusterAddress): StandIn =>
  repeat('stand-in of pods', cluster, { round, pauseMs: 300 })

async function round(client: KubeClient): Promise<void> {
  const { body } = await client.must('GET', '/api/v1/pods?fieldSelector=status.phase%3DPending')
  for (const pod of (body as { items: Manifest[] }).items) {
    const { nodeName, containers } = pod['spec'] as { nodeName?: string; containers: { name: string; image: string }[] }
    if (nodeName === undefined) continue
    const containerStatuses = containers.map(({ name, image }) => ({
      name,
      image,
      imageID: '',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
    }))
    const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/status`
    const status = { phase: 'Running', containerStatuses }
    await client.request('PATCH', path, { status }, 'application/merge-patch+json')
  }
}
