import { createActivities } from '../activities/index.ts'
import type { Log, Ports } from '../activities/ports.ts'
import { createArchives } from '../infra/archive/archives.ts'
import { systemClock } from '../infra/clock.ts'
import { connectCluster } from '../infra/cluster/connect.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import { createPodExec } from '../infra/cluster/exec.ts'
import { newWorkerId, startPresence } from '../infra/presence/presence.ts'
import type { RunningPresence } from '../infra/presence/presence.ts'
import type { WorkerMetrics } from '../infra/metrics/worker-metrics.ts'
import { ApiError, isTransient } from '../core/port-errors.ts'
import { createStores } from '../infra/store/open-store.ts'
import type { Tracing } from '../infra/traces/start-tracing.ts'
import { taskQueueOf } from '../contract/restore-workflow.ts'
import type { WorkerConfig } from './config.ts'
import { connectTemporal } from './connect-temporal.ts'
import type { TemporalDesk } from './connect-temporal.ts'
import { patiently } from './retry-start.ts'

/** The server's deadline for a write: 10 s of Lease and this together stay below the 15 s it is valid (rule 7). */
const writeTimeoutSeconds = 4

/** Everything a worker is made of, put together in this one place. */
export interface Workshop {
  temporal: TemporalDesk
  cluster: ClusterConnection
  presence: RunningPresence
  ports: Ports
  activities: ReturnType<typeof createActivities>
  taskQueue: string
  close(): Promise<void>
}

/** What a worker is watched by. */
export interface Instruments {
  log: Log
  metrics: WorkerMetrics
  tracing: Tracing | undefined
}

/**
 * Connects to Temporal and the cluster and wires the activities. What does not answer is tried for a while; then it
 * fails with one line that says what is away.
 */
export async function wire(config: WorkerConfig, { log, metrics, tracing }: Instruments): Promise<Workshop> {
  const patience = { deadline: Date.now() + config.startTimeoutSeconds * 1000, log, clock: systemClock }
  const temporal = await connectTemporal(patience, tracing === undefined ? [] : [tracing.plugin])

  let presence: RunningPresence | undefined
  const patient = { ...patience, isFinal: isFinalOfCluster }
  const connect = () =>
    connectCluster({
      kubeconfig: config.kubeconfig,
      context: config.context,
      log,
      assertMayWrite: () => presence?.assertMayWrite(),
      requestTimeoutSeconds: writeTimeoutSeconds,
      connectionsMax: config.connectionsMax,
      onAnswer: metrics.requestDone,
    })
  const cluster = await patiently('the Kubernetes cluster cannot be used', connect, patient)
  const takeLease = () =>
    startPresence({
      connection: cluster,
      namespace: config.settings.veleroNamespace,
      worker: newWorkerId(config.host),
      log,
      clock: systemClock,
      stillWanted: temporal.ping,
    })
  const running = await patiently('the Lease of this worker cannot be written', takeLease, patient)
  presence = running
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
    meter: metrics.meter,
  }
  return {
    temporal,
    cluster,
    presence: running,
    ports,
    activities: createActivities(ports, config.settings),
    taskQueue: taskQueueOf(cluster.cluster.id, config.settings.veleroNamespace),
    async close() {
      await running.stop()
      await cluster.close()
      await temporal.close()
    },
  }
}

/** Whether trying again cannot help: no kubeconfig, a certificate that does not fit, a verb that is forbidden. */
function isFinalOfCluster(thrown: unknown): boolean {
  return !(thrown instanceof ApiError) || !(isTransient(thrown) || thrown.code === 0)
}
