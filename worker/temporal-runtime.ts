import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Runtime } from '@temporalio/worker'
import type { LogLevel, Logger } from '@temporalio/worker'
import type { Log } from '../activities/ports.ts'

/**
 * How long a stopping worker still accepts tasks that the server is handing out, in milliseconds. By default Temporal's
 * core cancels open polls at once; where the server has just answered one with a task, that attempt is lost.
 */
const pollShutdownMs = 2000

/** Sets up Temporal's SDK for this process: signals that stop the worker, where its log lines and its metrics go. */
export function installTemporalRuntime(log: Log, metricsAddress: string): void {
  process.env['TEMPORAL_POLL_SHUTDOWN_INTERRUPT_WAIT_MS'] ??= String(pollShutdownMs)
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

/** Writes Temporal's log lines into our log. Its level info tells an operator nothing: it becomes debug. */
function temporalLogger(log: Log): Logger {
  const write = (level: LogLevel, message: string, meta?: Record<string, unknown>) => {
    switch (level) {
      case 'TRACE':
      case 'DEBUG':
      case 'INFO':
        return log.debug(message, meta)
      case 'WARN':
        return log.warn(message, meta)
      case 'ERROR':
        return log.error(message, meta)
    }
  }
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  }
}

/**
 * Finds a free loopback address `host:port` for Temporal's own metrics: its endpoint cannot say which port it took. Our
 * `/metrics` reads it and passes it on, so that there is one place to scrape.
 */
export function pickLoopbackAddress(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(`127.0.0.1:${port}`))
    })
  })
}

const deadlineMs = 2000

/** Reads Temporal's metrics as Prometheus' text; empty where they cannot be read: ours are useful alone. */
export async function readTemporalMetrics(address: string): Promise<string> {
  try {
    const answer = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(deadlineMs) })
    return answer.ok ? await answer.text() : ''
  } catch {
    return ''
  }
}
