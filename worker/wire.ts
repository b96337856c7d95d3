import { join } from 'node:path'
import { createActivities } from '../activities/index.ts'
import type { Cluster, Log, Ports, Presence } from '../activities/ports.ts'
import { createArchives } from '../infra/archive/archives.ts'
import { systemClock } from '../infra/clock.ts'
import { connectCluster } from '../infra/cluster/connect.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import { createPodExec } from '../infra/cluster/exec.ts'
import { createWebhook } from '../infra/notify/webhook.ts'
import { newWorkerId, startPresence } from '../infra/presence/presence.ts'
import type { RunningPresence } from '../infra/presence/presence.ts'
import type { WorkerMetrics } from '../infra/metrics/worker-metrics.ts'
import { createDeleteActions } from '../infra/plugins/delete-actions.ts'
import { environmentOfPlugins } from '../infra/plugins/handshake.ts'
import { createPlugins } from '../infra/plugins/plugins.ts'
import { createRegistry } from '../infra/plugins/registry.ts'
import type { PluginsOptions } from '../infra/plugins/registry.ts'
import { createSnapshotters } from '../infra/plugins/snapshotters.ts'
import { createObjectStores } from '../infra/plugins/stores/object-stores.ts'
import { ApiError, isTransient } from '../core/port-errors.ts'
import { createStores } from '../infra/store/open-store.ts'
import type { Tracing } from '../infra/traces/start-tracing.ts'
import { taskQueueOf } from '../contract/restore-workflow.ts'
import type { WorkerConfig } from './config.ts'
import { connectTemporal } from './connect-temporal.ts'
import type { TemporalConnection } from './connect-temporal.ts'
import { retryStart } from './retry-start.ts'

/**
 * The API server's deadline for a write at first. With the 10 s in which a write may begin it stays below the 15 s of the
 * Lease (rule 7). A write that needs more time gets it under a Lease that lasts longer.
 */
const writeTimeoutSeconds = 4

/** A worker that is connected: what it works with. */
export interface WiredWorker {
  temporal: TemporalConnection
  cluster: ClusterConnection
  presence: RunningPresence
  ports: Ports
  activities: ReturnType<typeof createActivities>
  taskQueue: string
  close(): Promise<void>
}

/** Through what a worker is observed. */
export interface Instruments {
  log: Log
  metrics: WorkerMetrics
  tracing: Tracing | undefined
}

/**
 * Connects to Temporal and the cluster and makes the activities. What does not answer is retried until
 * `DRYDOCK_START_TIMEOUT`; then this throws one line that says what is unavailable.
 */
export async function wire(config: WorkerConfig, { log, metrics, tracing }: Instruments): Promise<WiredWorker> {
  const start = { deadline: Date.now() + config.startTimeoutSeconds * 1000, log, clock: systemClock }
  const temporal = await connectTemporal(start, {
    plugins: tracing === undefined ? [] : [tracing.plugin],
    codecKeysFile: config.codecKeysFile,
  })

  let presence: RunningPresence | undefined
  const retry = { ...start, isFinal: isFinalOfCluster }
  const connect = () =>
    connectCluster({
      kubeconfig: config.kubeconfig,
      context: config.context,
      log,
      assertMayWrite: () => presence?.assertMayWrite(),
      requestTimeoutSeconds: writeTimeoutSeconds,
      holdLongWrite: async () => {
        if (presence === undefined) throw new Error('a long write is sent before this worker has its Lease')
        return presence.holdLongWrite()
      },
      connectionsMax: config.connectionsMax,
      onAnswer: metrics.requestDone,
      onUnanswered: (withinMs) => presence?.unanswered(withinMs),
    })
  const cluster = await retryStart('the Kubernetes cluster cannot be used', connect, retry)
  const takeLease = () =>
    startPresence({
      connection: cluster,
      namespace: config.settings.veleroNamespace,
      worker: newWorkerId(config.host),
      log,
      clock: systemClock,
      stillWanted: temporal.ping,
    })
  const running = await retryStart('the Lease of this worker cannot be written', takeLease, retry)
  presence = running
  const own = makePorts(config, cluster.cluster, running, { log, metrics })
  const hosted = hostPlugins(config, own, log)
  const ports = { ...own, ...hosted.ports }
  return {
    temporal,
    cluster,
    presence: running,
    ports,
    activities: createActivities(ports, config.settings),
    taskQueue: taskQueueOf(cluster.cluster.id, config.settings.veleroNamespace),
    async close() {
      await hosted.close()
      await running.stop()
      await cluster.close()
      await temporal.close()
    },
  }
}

/** What plugins of Velero do for this worker. Nothing is started before its first use. */
function hostPlugins(config: WorkerConfig, { cluster, stores: builtIn }: Ports, log: Log) {
  const options = optionsOfPlugins(config, log)
  const { veleroNamespace } = config.settings
  const registry = createRegistry(options)
  const snapshotters = createSnapshotters(registry, { cluster, namespace: veleroNamespace }, options)
  const spool = { dir: join(config.cacheDir, 'downloads'), bytesMax: config.inflatedBytesMax }
  const providers = config.plugins.storeProviders
  const stores = createObjectStores(registry, { ...options, cluster, veleroNamespace, builtIn, providers, spool })
  return {
    ports: { plugins: createPlugins(registry), snapshotters, deleteActions: createDeleteActions(registry), stores },
    close: () => Promise.all([registry.close(), snapshotters.close(), stores.close()]),
  }
}

function makePorts(
  config: WorkerConfig,
  cluster: Cluster,
  presence: Presence,
  { log, metrics }: Pick<Instruments, 'log' | 'metrics'>,
): Ports {
  return {
    cluster,
    stores: createStores({
      cluster,
      veleroNamespace: config.settings.veleroNamespace,
      env: process.env,
      warn: (message) => log.warn(message),
    }),
    archives: createArchives({
      dir: config.cacheDir,
      cacheBytesMax: config.cacheBytesMax,
      inflatedBytesMax: config.inflatedBytesMax,
      entriesMax: config.entriesMax,
      indexBytesMax: config.indexBytesMax,
      itemBytesMax: config.itemBytesMax,
      log,
    }),
    presence,
    exec: createPodExec({
      kubeconfig: config.kubeconfig,
      context: config.context,
      assertMayWrite: () => presence.assertMayWrite(),
    }),
    clock: systemClock,
    log,
    meter: metrics.meter,
    ...(config.receiver === undefined ? {} : { webhook: createWebhook({ ...config.receiver, env: process.env }) }),
  }
}

/** How long a plugin may take until it listens, as in hashicorp/go-plugin. */
const pluginStartMs = 60_000

function optionsOfPlugins({ plugins, settings, itemBytesMax, logLevel }: WorkerConfig, log: Log): PluginsOptions {
  const { features, veleroNamespace } = settings
  return {
    dir: plugins.dir,
    args: [`--log-level=${logLevel}`, ...(features.length === 0 ? [] : [`--features=${features.join(',')}`])],
    env: environmentOfPlugins(process.env, veleroNamespace),
    startMs: pluginStartMs,
    callMs: plugins.callTimeoutSeconds * 1000,
    callsMax: plugins.callsMax,
    answerBytesMax: itemBytesMax,
    log,
  }
}

/** Whether a retry cannot help: no kubeconfig, a wrong certificate, a forbidden verb. */
function isFinalOfCluster(thrown: unknown): boolean {
  return !(thrown instanceof ApiError) || !(isTransient(thrown) || thrown.code === 0)
}
