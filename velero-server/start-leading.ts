import type { Client } from '@temporalio/client'
import type { Ports } from '../activities/ports.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import type { WorkerConfig } from '../worker/config.ts'
import { runAsLeader } from './leader.ts'
import { reportWaits } from './report-waits.ts'
import { runServer } from './run-server.ts'

/** What the leader among the workers of a cluster works with. */
export interface LeadingOptions {
  config: Pick<WorkerConfig, 'settings' | 'veleroServer' | 'validationFrequencySeconds' | 'backupSyncPeriodSeconds'>
  client: Client
  cluster: ClusterConnection
  ports: Ports
  signal: AbortSignal
}

/** What one worker does for all: the work of an absent Velero server, and Events about restores that wait. */
export function startLeading({ config, client, cluster, ports, signal }: LeadingOptions): Promise<void> {
  const { clock, log, stores, presence } = ports
  const namespace = config.settings.veleroNamespace
  return runAsLeader({ connection: cluster, namespace, me: presence.worker, clock, log, signal }, async (leading) => {
    await Promise.all([
      runServer(
        {
          cluster,
          stores,
          clock,
          log,
          namespace,
          velero: config.veleroServer,
          validationFrequencySeconds: config.validationFrequencySeconds,
          backupSyncPeriodSeconds: config.backupSyncPeriodSeconds,
        },
        leading,
      ),
      reportWaits({ client, ports, namespace, signal: leading }),
    ])
  })
}
