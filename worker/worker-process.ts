import type { Log } from '../activities/ports.ts'
import { createLog } from '../infra/log/worker-log.ts'
import { ConfigErrors, readConfig } from './config.ts'
import type { WorkerConfig } from './config.ts'
import { contextLog } from './observe-activities.ts'
import { runConfigured } from './run-worker.ts'

/** Exit codes: 0 stopped as asked, 1 gave up, 2 the configuration is wrong. */
const exitCodes = { stopped: 0, gaveUp: 1, badConfig: 2 } as const

/** Runs the worker of this process by its environment, and returns the exit code of the process. */
export async function runProcess(): Promise<number> {
  let config: WorkerConfig
  try {
    config = readConfig(process.env)
  } catch (thrown) {
    if (!(thrown instanceof ConfigErrors)) throw thrown
    console.error(thrown.message)
    return exitCodes.badConfig
  }
  const log = contextLog(createLog({ level: config.logLevel, format: config.logFormat }))
  const stopEarly = onEarlyStop(log)
  try {
    await runConfigured(config, { log, onStarted: stopEarly.over })
    return exitCodes.stopped
  } catch (thrown) {
    log.error(thrown instanceof Error ? thrown.message : String(thrown))
    return exitCodes.gaveUp
  } finally {
    stopEarly.over()
  }
}

/** A worker that is still starting has no running activities: a signal ends it at once. */
function onEarlyStop(log: Log): { over: () => void } {
  const stop = () => {
    log.info('worker has stopped before it had started')
    process.exit(exitCodes.stopped)
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  return { over: () => void process.off('SIGTERM', stop).off('SIGINT', stop) }
}
