import type { LogLevel, Logger } from '@temporalio/worker'
import type { Log } from '../activities/ports.ts'

/** Temporal's lines as lines of our log. What it calls info is of no use to who runs a worker: it becomes debug. */
export function temporalLogger(log: Log): Logger {
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
