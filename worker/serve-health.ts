import type { Worker } from '@temporalio/worker'
import type { WorkerMetrics } from '../infra/metrics/worker-metrics.ts'
import type { WorkerConfig } from './config.ts'
import { checkDisk, createHealth } from './health.ts'
import { serveHttp } from './http-server.ts'
import type { HttpServer } from './http-server.ts'
import { readTemporalMetrics } from './temporal-metrics.ts'
import type { Workshop } from './wire.ts'

/** How far the worker has come; filled in while it starts. */
export interface WorkerState {
  shop?: Workshop
  worker?: Worker
  /** The first list of Restores has been read. */
  synced: boolean
}

/** Opens `/livez`, `/readyz` and `/metrics` before anything else: a worker that cannot start is to be seen. */
export async function serveHealth(
  config: WorkerConfig,
  state: WorkerState,
  options: { metrics: WorkerMetrics; temporalMetrics: string },
): Promise<HttpServer | undefined> {
  if (config.http === undefined) return undefined
  return serveHttp(config.http, {
    alive: () => state.worker?.getState() !== 'FAILED',
    ready: createHealth({
      worker: () => assertRunning(state),
      temporal: () => started(state).temporal.ping(),
      cluster: () => started(state).presence.assertMayWrite(),
      restores: () => {
        if (!state.synced) throw new Error('the Restores have not been read yet')
      },
      disk: () => checkDisk(config.cacheDir, config.freeBytesMin),
    }),
    metrics: async () => {
      const texts = await Promise.all([options.metrics.text(), readTemporalMetrics(options.temporalMetrics)])
      return texts.map((text) => (text === '' || text.endsWith('\n') ? text : `${text}\n`)).join('')
    },
  })
}

function started({ shop }: WorkerState): Workshop {
  if (shop === undefined) throw new Error('not connected yet')
  return shop
}

function assertRunning({ worker }: WorkerState): void {
  if (worker === undefined) throw new Error('the worker is still starting')
  const now = worker.getState()
  if (now !== 'RUNNING') throw new Error(`the worker is ${now.toLowerCase()}`)
}
