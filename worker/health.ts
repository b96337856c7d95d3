import { access, constants, statfs } from 'node:fs/promises'
import type { Worker } from '@temporalio/worker'
import { secureFolder } from '../infra/archive/cache-folder.ts'
import type { WorkerMetrics } from '../infra/metrics/worker-metrics.ts'
import type { WorkerConfig } from './config.ts'
import { serveHttp } from './http-server.ts'
import type { Check, HttpServer } from './http-server.ts'
import { readTemporalMetrics } from './temporal-runtime.ts'
import type { WiredWorker } from './wire.ts'

/** What of the worker runs already; filled in while it starts. */
export interface WorkerState {
  wired?: WiredWorker
  worker?: Worker
  /** The first list of Restores has been read. */
  synced: boolean
}

/** Serves `/livez`, `/readyz` and `/metrics`, before the worker connects: so they show why one cannot start. */
export async function serveHealth(
  config: WorkerConfig,
  state: WorkerState,
  options: { metrics: WorkerMetrics; temporalMetrics: string },
): Promise<HttpServer | undefined> {
  if (config.http === undefined) return undefined
  return serveHttp(config.http, {
    alive: () => state.worker?.getState() !== 'FAILED',
    ready: createReadiness({
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

function started({ wired }: WorkerState): WiredWorker {
  if (wired === undefined) throw new Error('not connected yet')
  return wired
}

function assertRunning({ worker }: WorkerState): void {
  if (worker === undefined) throw new Error('the worker is still starting')
  const now = worker.getState()
  if (now !== 'RUNNING') throw new Error(`the worker is ${now.toLowerCase()}`)
}

/** The checks of `/readyz`, by name. Each throws an error that says what is wrong. */
type Checks = Readonly<Record<string, () => Promise<void> | void>>

const checkDeadlineMs = 3000
const answerKeptMs = 1000

/** Runs all checks at once, each with a deadline. The answer is kept for a second, however often it is asked for. */
function createReadiness(checks: Checks): () => Promise<Check[]> {
  let kept: { at: number; answer: Promise<Check[]> } | undefined
  return () => {
    const now = performance.now()
    if (kept !== undefined && now - kept.at < answerKeptMs) return kept.answer
    kept = { at: now, answer: Promise.all(Object.entries(checks).map(([name, check]) => ask(name, check))) }
    return kept.answer
  }
}

async function ask(name: string, check: Checks[string]): Promise<Check> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${checkDeadlineMs / 1000} s`)), checkDeadlineMs)
  })
  try {
    await Promise.race([check(), late])
    return { name, ok: true }
  } catch (thrown) {
    return { name, ok: false, detail: thrown instanceof Error ? thrown.message : String(thrown) }
  } finally {
    clearTimeout(timer)
  }
}

/** Throws unless archives can be stored in the folder: it takes files, and its disk has so many bytes free. */
async function checkDisk(dir: string, freeBytesMin: number): Promise<void> {
  await secureFolder(dir)
  await access(dir, constants.R_OK | constants.W_OK | constants.X_OK)
  const { bavail, bsize } = await statfs(dir)
  const free = bavail * bsize
  if (free < freeBytesMin) throw new Error(`${dir} has room for ${mib(free)} MiB, less than ${mib(freeBytesMin)} MiB`)
}

function mib(bytes: number): number {
  return Math.floor(bytes / 1024 / 1024)
}
