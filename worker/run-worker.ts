import { flushCompileCache } from 'node:module'
import { startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus'
import { Worker } from '@temporalio/worker'
import type { WorkerOptions } from '@temporalio/worker'
import * as nexus from 'nexus-rpc'
import { drydockService, requestRestoreType } from '../contract/restore-request.ts'
import type { RequestedOutcome, RestoreRequest } from '../contract/restore-request.ts'
import packageJson from '../package.json' with { type: 'json' }
import type { Log } from '../activities/ports.ts'
import { systemClock } from '../infra/clock.ts'
import { createMetrics } from '../infra/metrics/worker-metrics.ts'
import type { WorkerMetrics } from '../infra/metrics/worker-metrics.ts'
import { startTracing } from '../infra/traces/start-tracing.ts'
import type { Tracing } from '../infra/traces/start-tracing.ts'
import { slotsOf } from './config.ts'
import type { Versioning, WorkerConfig } from './config.ts'
import { observeActivities } from './observe-activities.ts'
import { hasSearchAttributes } from '../contract/search-attributes.ts'
import { serveHealth } from './health.ts'
import type { WorkerState } from './health.ts'
import { installTemporalRuntime, pickLoopbackAddress } from './temporal-runtime.ts'
import { countRestores, watchRestores } from './watch-restores.ts'
import { wire } from './wire.ts'
import { workflowCode } from './workflow-code.ts'
import { startLeading } from '../velero-server/lead.ts'
import type { WiredWorker } from './wire.ts'

/** How a worker is run by a program of somebody else, or by `worker/worker-process.ts`. */
export interface RunOptions {
  log: Log
  /** Called once the worker takes work. */
  onStarted?: () => void
  /** Stops the worker, as SIGTERM does. */
  signal?: AbortSignal | undefined
}

/**
 * Works until SIGTERM or SIGINT. Then it takes no new tasks, and running activities may end within the grace period; what
 * still runs after it is cancelled. A chunk takes seconds, so no restore notices a stop. A second signal ends at once.
 * Rejects with one line where the worker cannot start, or has to give up.
 */
export async function runConfigured(config: WorkerConfig, { log, onStarted, signal }: RunOptions): Promise<void> {
  const metrics = createMetrics({ namespace: config.settings.veleroNamespace })
  const temporalMetrics = await pickLoopbackAddress()
  const state: WorkerState = { synced: false }
  const http = await serveHealth(config, state, { metrics, temporalMetrics })
  if (http !== undefined) log.info('health and metrics are served', { address: http.address })
  installTemporalRuntime(log, temporalMetrics)
  const tracing = await startTracing(process.env, {
    service: 'drydock-worker',
    version: packageJson.version,
    warn: (message) => log.warn(message),
  })
  try {
    const wired = await wire(config, { log, metrics, tracing })
    state.wired = wired
    try {
      signal?.throwIfAborted()
      state.worker = await createWorker(config, wired, { log, metrics, tracing })
      onStarted?.()
      await work(config, state.worker, { log, metrics, state, wired, stop: signal })
    } finally {
      await wired.close()
      log.info('worker has stopped')
    }
  } finally {
    await tracing?.end()
    await http?.close()
  }
}

async function createWorker(
  config: WorkerConfig,
  wired: WiredWorker,
  { log, metrics, tracing }: { log: Log; metrics: WorkerMetrics; tracing: Tracing | undefined },
): Promise<Worker> {
  return Worker.create({
    connection: wired.temporal.connection,
    namespace: wired.temporal.namespace,
    ...(wired.temporal.dataConverter === undefined ? {} : { dataConverter: wired.temporal.dataConverter }),
    taskQueue: wired.taskQueue,
    ...(await workflowCode({ bundle: config.workflowBundle, isTraced: tracing !== undefined, log })),
    activities: wired.activities,
    nexusServices: [nexusService()],
    interceptors: { activity: [observeActivities(metrics)] },
    plugins: tracing === undefined ? [] : [tracing.plugin],
    identity: wired.presence.worker,
    ...deploymentOptions(config.versioning),
    maxConcurrentActivityTaskExecutions: slotsOf(config),
    maxCachedWorkflows: config.restoresCachedMax,
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: `${config.shutdownGraceSeconds}s`,
  })
}

/** Without a build id the worker takes every restore, as Temporal's workers do by default. */
function deploymentOptions(versioning: Versioning | undefined): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (versioning === undefined) return {}
  const { deployment, buildId, behavior } = versioning
  return {
    workerDeploymentOptions: {
      useWorkerVersioning: true,
      version: { deploymentName: deployment, buildId },
      defaultVersioningBehavior: behavior,
    },
  }
}

interface Work {
  log: Log
  metrics: WorkerMetrics
  state: WorkerState
  wired: WiredWorker
  /** Ends the work. */
  stop: AbortSignal | undefined
}

async function work(config: WorkerConfig, worker: Worker, { log, metrics, state, wired, stop }: Work): Promise<void> {
  const namespace = config.settings.veleroNamespace
  const cluster = wired.cluster.cluster
  const stopping = new AbortController()
  const { signal } = stopping
  const tagged = await hasSearchAttributes(wired.temporal.client, wired.temporal.namespace)
  if (!tagged)
    log.warn(
      'the search attributes of restores are not registered: the Web UI cannot filter by them (docs/operating.md)',
    )
  const watching = watchRestores({
    cluster: wired.cluster,
    client: wired.temporal.client,
    taskQueue: wired.taskQueue,
    namespace,
    settings: config.settings,
    tagged,
    signal,
    log,
    onSchedule: metrics.scheduleSeen,
    onSynced: () => {
      state.synced = true
      log.info('watching Restores', { namespace })
    },
  })
  // Without the watch the worker gets no Restores: it stops, and its log says why.
  watching.catch(() => worker.getState() === 'RUNNING' && worker.shutdown())
  const counting = countRestores({ cluster, namespace, clock: systemClock, log, signal, set: metrics.setRestores })
  const leading = startLeading({
    settings: { ...config, locationTimeoutSeconds: config.settings.locationTimeoutSeconds },
    client: wired.temporal.client,
    connection: wired.cluster,
    presence: wired.presence,
    ports: wired.ports,
    namespace,
    setDrills: metrics.setDrills,
    signal,
  })
  log.info('worker is ready', {
    worker: wired.presence.worker,
    taskQueue: wired.taskQueue,
    temporal: wired.temporal.address,
    cluster: cluster.id,
    ...(config.versioning === undefined ? {} : { version: config.versioning }),
  })
  try {
    await runUntil(worker, stop)
  } finally {
    stopping.abort()
  }
  await Promise.all([watching, counting, leading])
}

async function runUntil(worker: Worker, stop: AbortSignal | undefined): Promise<void> {
  // A worker may be killed later, and then its exit keeps nothing.
  flushCompileCache()
  const running = worker.run()
  const shutDown = () => worker.getState() === 'RUNNING' && worker.shutdown()
  if (stop?.aborted === true) shutDown()
  stop?.addEventListener('abort', shutDown, { once: true })
  await running
}

/** The service that a worker offers to workflows of other namespaces: an operation is a run of the workflow `requestRestore`. */
function nexusService(): nexus.ServiceHandler<(typeof drydockService)['operations']> {
  return nexus.serviceHandler(drydockService, {
    restore: new WorkflowRunOperationHandler<RestoreRequest, RequestedOutcome>((context, request) =>
      // A start that is sent again has the same id, and finds the run.
      startWorkflow(context, requestRestoreType, { workflowId: `request/${context.requestId}`, args: [request] }),
    ),
  })
}
