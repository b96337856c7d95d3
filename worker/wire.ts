import { Client, Connection } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { createActivities } from '../activities/index.ts'
import type { Log, Ports } from '../activities/ports.ts'
import { createArchives } from '../infra/archive/archives.ts'
import { systemClock } from '../infra/cluster/clock.ts'
import { connectCluster } from '../infra/cluster/connect.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import { createPodExec } from '../infra/cluster/exec.ts'
import { newWorkerId, startPresence } from '../infra/cluster/presence.ts'
import type { RunningPresence } from '../infra/cluster/presence.ts'
import { createStores } from '../infra/store/open-store.ts'
import { taskQueueOf } from '../workflows/contract.ts'
import type { WorkerConfig } from './config.ts'

/** The server's deadline for a write: 10 s of Lease and this together stay below the 15 s it is valid (rule 7). */
const writeTimeoutSeconds = 4

/** Everything a worker is made of, put together in this one place. */
export interface Workshop {
  temporal: { connection: NativeConnection; client: Client; namespace: string; address: string }
  cluster: ClusterConnection
  presence: RunningPresence
  ports: Ports
  activities: ReturnType<typeof createActivities>
  taskQueue: string
  close(): Promise<void>
}

/** Connects to Temporal and the cluster and wires the activities. Fails with one line that says what does not answer. */
export async function wire(config: WorkerConfig, log: Log): Promise<Workshop> {
  const { connectionOptions = {}, namespace = 'default' } = loadClientConnectConfig()
  const address = connectionOptions.address ?? 'localhost:7233'
  const connection = await explain(`Temporal at ${address} does not answer`, () =>
    NativeConnection.connect(connectionOptions),
  )
  const clientConnection = await explain(`Temporal at ${address} does not answer`, () =>
    Connection.connect(connectionOptions),
  )
  const client = new Client({ connection: clientConnection, namespace })

  let presence: RunningPresence | undefined
  const cluster = await explain('the Kubernetes cluster cannot be used', () =>
    connectCluster({
      kubeconfig: config.kubeconfig,
      context: config.context,
      log,
      assertMayWrite: () => presence?.assertMayWrite(),
      requestTimeoutSeconds: writeTimeoutSeconds,
      connectionsMax: config.connectionsMax,
    }),
  )
  presence = await explain('the Lease of this worker cannot be written', () =>
    startPresence({
      connection: cluster,
      namespace: config.settings.veleroNamespace,
      worker: newWorkerId(config.host),
      log,
      clock: systemClock,
      stillWanted: async () => {
        await clientConnection.withDeadline(Date.now() + 4000, () => clientConnection.workflowService.getSystemInfo({}))
      },
    }),
  )
  const running = presence
  const ports: Ports = {
    cluster: cluster.cluster,
    stores: createStores({
      cluster: cluster.cluster,
      veleroNamespace: config.settings.veleroNamespace,
      env: process.env,
    }),
    archives: createArchives({
      dir: config.cacheDir,
      cacheBytesMax: config.cacheBytesMax,
      inflatedBytesMax: config.inflatedBytesMax,
      entriesMax: config.entriesMax,
      itemBytesMax: config.itemBytesMax,
      log,
    }),
    presence: running,
    exec: createPodExec({
      kubeconfig: config.kubeconfig,
      context: config.context,
      assertMayWrite: () => running.assertMayWrite(),
    }),
    clock: systemClock,
    log,
  }
  return {
    temporal: { connection, client, namespace, address },
    cluster,
    presence: running,
    ports,
    activities: createActivities(ports, config.settings),
    taskQueue: taskQueueOf(cluster.cluster.id, config.settings.veleroNamespace),
    async close() {
      await running.stop()
      await cluster.close()
      await clientConnection.close()
      await connection.close()
    },
  }
}

async function explain<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw new Error(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown })
  }
}
