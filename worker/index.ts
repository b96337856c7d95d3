import { createLog } from '../infra/log/worker-log.ts'
import { readConfig } from './config.ts'
import { contextLog } from './observe-activities.ts'
import { runConfigured } from './run-worker.ts'

/** How to run a worker inside another program. */
export interface RunWorkerOptions {
  /** Stops the worker: it takes no new tasks, and running ones may end within `DRYDOCK_SHUTDOWN_GRACE_SECONDS`. */
  signal?: AbortSignal
}

/**
 * Runs a worker in this process, as `drydock worker` does, until the signal, SIGTERM or SIGINT. Its settings are environment
 * variables (docs/settings.md). Rejects where a setting is wrong (the message lists all that are), where Temporal or the
 * cluster stays away for `DRYDOCK_START_TIMEOUT`, or with the reason of the signal where that comes before the start. One
 * worker for each process: Temporal's runtime and its metrics are those of the process.
 */
export async function runWorker({ signal }: RunWorkerOptions = {}): Promise<void> {
  signal?.throwIfAborted()
  const config = readConfig(process.env)
  const log = contextLog(createLog({ level: config.logLevel, format: config.logFormat }))
  await runConfigured(config, { log, signal })
}
