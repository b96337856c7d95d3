import { openKubeClient } from '../devstack/cluster/kube-client.ts'
import type { ClusterAddress } from '../devstack/stack-types.ts'
import { isTerminal } from '../velero/phases.ts'
import type { Restore } from '../velero/restore.ts'

/** One restore, measured from the creation of the Restore to its terminal phase. */
export interface Measurement {
  name: string
  seconds: number
  items: number
}

const deadlineMs = 15 * 60_000
const path = '/apis/velero.io/v1/namespaces/velero/restores'

/** Restores bulk5k in a cluster where someone takes Restores, and measures it. Fails unless it ends Completed. */
export async function measureRestore(cluster: ClusterAddress, name: string): Promise<Measurement> {
  const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  try {
    const restoreName = `bench-${Date.now()}`
    const began = performance.now()
    await client.must('POST', path, {
      apiVersion: 'velero.io/v1',
      kind: 'Restore',
      metadata: { name: restoreName, namespace: 'velero' },
      spec: { backupName: 'bulk5k' },
    })
    for (;;) {
      const restore = (await client.must('GET', `${path}/${restoreName}`)).body as Restore
      const seconds = (performance.now() - began) / 1000
      if (isTerminal(restore.status?.phase)) {
        if (restore.status?.phase !== 'Completed')
          throw new Error(`${name}: the restore ended ${JSON.stringify(restore.status)}`)
        return { name, seconds, items: restore.status.progress?.itemsRestored ?? 0 }
      }
      if (seconds * 1000 > deadlineMs)
        throw new Error(`${name}: the restore is not over after ${deadlineMs / 60_000} minutes`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  } finally {
    await client.close()
  }
}
