import { whenFileIsOver } from '../run/clean-up.ts'
import { openHome } from '../../../devstack/home.ts'
import { startVelero } from '../../../devstack/services/velero.ts'
import type { TestCluster } from '../stack.ts'

/** A Velero server under test. */
export interface TestVelero {
  /** Ends it and its plugins at once, as a node that fails would. */
  kill(): void
}

/** Starts the real Velero server beside a cluster that runs already. It is killed after the tests of the file at the latest. */
export async function startVeleroServer(cluster: TestCluster, flags: readonly string[] = []): Promise<TestVelero> {
  const home = openHome(cluster.dir)
  await startVelero(home, cluster, flags)
  const pid = home.state.services['velero']?.pid
  const kill = (): void => {
    if (pid === undefined) return
    try {
      // It leads its own group, in which its plugins are.
      process.kill(-pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  whenFileIsOver(kill)
  return { kill }
}
