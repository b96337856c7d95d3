import { fileURLToPath } from 'node:url'
import packageJson from '../package.json' with { type: 'json' }
import { Runtime, Worker } from '@temporalio/worker'
import type { Log } from '../activities/ports.ts'
import { systemClock } from '../infra/clock.ts'
import { createLog } from '../infra/log/worker-log.ts'
import { createMetrics } from '../infra/metrics/worker-metrics.ts'
import type { WorkerMetrics } from '../infra/metrics/worker-metrics.ts'
import { startTracing } from '../infra/traces/start-tracing.ts'
import type { Tracing } from '../infra/traces/start-tracing.ts'
import { ConfigErrors, readConfig } from './config.ts'
import type { WorkerConfig } from './config.ts'
import { countRestores } from './count-restores.ts'
import { observeActivities } from './observe-activities.ts'
import { sceneLog } from './context-log.ts'
import { hasSearchAttributes } from '../contract/registered-attributes.ts'
import { serveHealth } from './serve-health.ts'
import type { WorkerState } from './serve-health.ts'
import { temporalLogger } from './temporal-logger.ts'
import { pickLoopbackAddress } from './temporal-metrics.ts'
import { watchRestores } from './watch-restores.ts'
import { wire } from './wire.ts'
import { startLeading } from '../velero-server/start-leading.ts'
import type { Workshop } from './wire.ts'

/**
 * A worker that stops asks for no more tasks, and Temporal's core gives up the questions under way at once. A server
 * that does not end them itself may just have answered one with a task, whose attempt is lost then. With this much
 * patience what the last workflow tasks brought about still arrives, and is done.
 */
const pollPatienceMs = 2000

/** Exit codes: 0 stopped as asked, 1 gave up, 2 the configuration is wrong. */
const exitCodes = { stopped: 0, gaveUp: 1, badConfig: 2 } as const

// Said outright: connections of a start that failed half-way would keep the process alive.
process.exit(await main())

async function main(): Promise<number> {
  let config: WorkerConfig
  try {
    config = readConfig(process.env)
  } catch (thrown) {
    if (!(thrown instanceof ConfigErrors)) throw thrown
    console.error(thrown.message)
    return exitCodes.badConfig
  }
  const log = sceneLog(createLog({ level: config.logLevel, format: config.logFormat }))
  try {
    await run(config, log)
    return exitCodes.stopped
  } catch (thrown) {
    log.error(thrown instanceof Error ? thrown.message : String(thrown))
    return exitCodes.gaveUp
  }
}

/**
 * Polls until SIGTERM or SIGINT. Then it takes nothing new, lets what runs come to its end for the time of grace, and
 * only after that cancels it: a chunk takes seconds, so a stop is not seen in any restore. A second signal ends at once.
 */
async function run(config: WorkerConfig, log: Log): Promise<void> {
  const metrics = createMetrics()
  const temporalMetrics = await pickLoopbackAddress()
  const state: WorkerState = { synced: false }
  const http = await serveHealth(config, state, { metrics, temporalMetrics })
  if (http !== undefined) log.info('health and metrics are served', { address: http.address })
  installRuntime(log, temporalMetrics)
  const stopEarly = onEarlyStop(log)
  const tracing = await startTracing(process.env, {
    service: 'drydock-worker',
    version: packageJson.version,
    warn: (message) => log.warn(message),
  })
  try {
    const shop = await wire(config, { log, metrics, tracing })
    state.shop = shop
    try {
      state.worker = await createWorker(config, shop, { metrics, tracing })
      stopEarly.over()
      await work(config, state.worker, { log, metrics, state, shop })
    } finally {
      await shop.close()
      log.info('worker has stopped')
    }
  } finally {
    stopEarly.over()
    await tracing?.end()
    await http?.close()
  }
}

function installRuntime(log: Log, metricsAddress: string): void {
  process.env['TEMPORAL_POLL_SHUTDOWN_INTERRUPT_WAIT_MS'] ??= String(pollPatienceMs)
  Runtime.install({
    shutdownSignals: ['SIGINT', 'SIGTERM'],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      metrics: {
        prometheus: {
          bindAddress: metricsAddress,
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
      },
    },
    logger: temporalLogger(log),
  })
}

/** While it starts a worker has nothing to drain: a signal ends it at once. */
function onEarlyStop(log: Log): { over: () => void } {
  const stop = () => {
    log.info('worker has stopped before it had started')
    process.exit(exitCodes.stopped)
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  return { over: () => void process.off('SIGTERM', stop).off('SIGINT', stop) }
}

function createWorker(
  config: WorkerConfig,
  shop: Workshop,
  { metrics, tracing }: { metrics: WorkerMetrics; tracing: Tracing | undefined },
): Promise<Worker> {
  return Worker.create({
    connection: shop.temporal.connection,
    namespace: shop.temporal.namespace,
    taskQueue: shop.taskQueue,
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    activities: shop.activities,
    interceptors: { activity: [observeActivities(metrics)] },
    plugins: tracing === undefined ? [] : [tracing.plugin],
    identity: shop.presence.worker,
    maxConcurrentActivityTaskExecutions: config.chunksMax + 16,
    maxCachedWorkflows: config.restoresCachedMax,
    maxHeartbeatThrottleInterval: '1s',
    defaultHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: `${config.shutdownGraceSeconds}s`,
  })
}

interface Work {
  log: Log
  metrics: WorkerMetrics
  state: WorkerState
  shop: Workshop
}

async function work(config: WorkerConfig, worker: Worker, { log, metrics, state, shop }: Work): Promise<void> {
  const namespace = config.settings.veleroNamespace
  const cluster = shop.cluster.cluster
  const stopping = new AbortController()
  const { signal } = stopping
  const tagged = await hasSearchAttributes(shop.temporal.client, shop.temporal.namespace)
  if (!tagged)
    log.warn(
      'the search attributes of restores are not registered: the Web UI cannot filter by them (docs/operating.md)',
    )
  const watching = watchRestores({
    cluster: shop.cluster,
    client: shop.temporal.client,
    taskQueue: shop.taskQueue,
    namespace,
    tagged,
    signal,
    log,
    onSynced: () => {
      state.synced = true
      log.info('watching Restores', { namespace })
    },
  })
  // Without a watch the worker is deaf: it drains and ends, and whatever restarts it shows why.
  watching.catch(() => worker.getState() === 'RUNNING' && worker.shutdown())
  const counting = countRestores({ cluster, namespace, clock: systemClock, log, signal, set: metrics.setRestores })
  const leading = startLeading({
    config,
    client: shop.temporal.client,
    cluster: shop.cluster,
    ports: shop.ports,
    signal,
  })
  log.info('worker is ready', {
    worker: shop.presence.worker,
    taskQueue: shop.taskQueue,
    temporal: shop.temporal.address,
    cluster: cluster.id,
  })
  try {
    await worker.run()
  } finally {
    stopping.abort()
  }
  await Promise.all([watching, counting, leading])
}
