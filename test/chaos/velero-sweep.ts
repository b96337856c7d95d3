import { setTimeout as sleep } from 'node:timers/promises'
import { openHome } from '../../devstack/home.ts'
import { endProcess } from '../../devstack/processes/end-process.ts'
import { startVelero } from '../../devstack/services/velero.ts'
import { withAdmin } from '../kit/restores.ts'
import type { TestCluster } from '../kit/stack.ts'

/** It marks what is in progress when it starts; then it looks at what it is to do. */
const aliveMs = 3_000

/**
 * Starts a real Velero server beside the cluster, with its restore controllers off, and kills it after a while. It waits for other
 * Velero servers on the machine, so it may come too late; it is not started once the restore is over.
 */
export async function sweepByVelero(cluster: TestCluster, over: AbortSignal): Promise<void> {
  const home = openHome(cluster.dir, { signal: over })
  try {
    await startVelero(home, cluster)
    await sleep(aliveMs)
  } catch (error) {
    if (!over.aborted) throw error
  } finally {
    const server = home.state.services['velero']
    // With its plugins, which are in its group.
    if (server !== undefined) await endProcess(server)
    const path = `/apis/apps/v1/namespaces/${cluster.veleroNamespace}/deployments/velero`
    await withAdmin(cluster, (admin) => admin.request('DELETE', path))
  }
}
