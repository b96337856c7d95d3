import { fileURLToPath } from 'node:url'
import { Runtime, Worker } from '@temporalio/worker'
import { createLog } from '../infra/log/worker-log.ts'
import { ConfigErrors, readConfig } from './config.ts'
import type { WorkerConfig } from './config.ts'
import { registeredAttributes } from './search-attributes.ts'
import { watchRestores } from './watch-restores.ts'
import { wire } from './wire.ts'

/** Exit codes: 0 stopped as asked, 1 gave up, 2 the configuration is wrong. */
const exitCodes = { stopped: 0, gaveUp: 1, badConfig: 2 } as const

process.exitCode = await main()

async function main(): Promise<number> {
  let config: WorkerConfig
  try {
    config = readConfig(process.env)
  } catch (thrown) {
    if (!(thrown instanceof ConfigErrors)) throw thrown
    console.error(thrown.message)
    return exitCodes.badConfig
  }
  const log = createLog({ level: config.logLevel, format: config.logFormat })
  try {
    await run(config, log)
    return exitCodes.stopped
  } catch (thrown) {
    log.error(thrown instanceof Error ? thrown.message : String(thrown))
    return exitCodes.gaveUp
  }
}

/** Polls until SIGTERM or SIGINT, then drains: running chunks hand their rest to another worker, no attempt is lost. */
async function run(config: WorkerConfig, log: ReturnType<typeof createLog>): Promise<void> {
  Runtime.install({
    shutdownSignals: ['SIGINT', 'SIGTERM'],
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    logger: { ...asTemporalLogger(log) },
  })
  const shop = await wire(config, log)
  const stopping = new AbortController()
  try {
    const worker = await Worker.create({
      connection: shop.temporal.connection,
      namespace: shop.temporal.namespace,
      taskQueue: shop.taskQueue,
      workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
      activities: shop.activities,
      identity: shop.presence.worker,
      maxConcurrentActivityTaskExecutions: config.chunksMax + 16,
      maxHeartbeatThrottleInterval: '1s',
      defaultHeartbeatThrottleInterval: '1s',
      shutdownGraceTime: `${config.shutdownGraceSeconds}s`,
    })
    const tagged = await registeredAttributes(shop.temporal.client, shop.temporal.namespace)
    const watching = watchRestores({
      cluster: shop.cluster,
      client: shop.temporal.client,
      taskQueue: shop.taskQueue,
      namespace: config.settings.veleroNamespace,
      tagged,
      signal: stopping.signal,
      log,
      onSynced: () => log.info('watching Restores', { namespace: config.settings.veleroNamespace }),
    })
    log.info('worker is ready', {
      worker: shop.presence.worker,
      taskQueue: shop.taskQueue,
      temporal: shop.temporal.address,
      cluster: shop.cluster.cluster.id,
    })
    await worker.run()
    stopping.abort()
    await watching
  } finally {
    stopping.abort()
    await shop.close()
    log.info('worker has stopped')
  }
}

function asTemporalLogger(log: ReturnType<typeof createLog>) {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: Record<string, unknown>) =>
    log[level](message, meta)
  return {
    log: (level: string, message: string, meta?: Record<string, unknown>) => {
      const method = level.toLowerCase()
      if (method === 'debug' || method === 'info' || method === 'warn' || method === 'error') log[method](message, meta)
      else log.debug(message, meta)
    },
    trace: at('debug'),
    debug: at('debug'),
    info: at('debug'),
    warn: at('warn'),
    error: at('error'),
  }
}
