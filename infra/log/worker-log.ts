import { pino, stdTimeFunctions, type DestinationStream } from 'pino'
import type { Log } from '../../activities/ports.ts'
import { prettyStream } from './pretty-stream.ts'
import { redactFields } from './redact-fields.ts'

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `pretty` is for people at a terminal. */
  format: 'json' | 'pretty'
  /** Where lines go; standard output without it. */
  stream?: DestinationStream | undefined
}

/** The worker's log: one line per event with level, time, msg and fields. Values of secret-looking keys are never written. */
export function createLog({ level, format, stream }: LogOptions): Log {
  const target = stream ?? process.stdout
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === 'pretty' ? prettyStream(target) : target,
  )
  return {
    debug: (message, fields = {}) => {
      if (logger.isLevelEnabled('debug')) logger.debug(redactFields(fields), message)
    },
    info: (message, fields = {}) => logger.info(redactFields(fields), message),
    warn: (message, fields = {}) => logger.warn(redactFields(fields), message),
    error: (message, fields = {}) => logger.error(redactFields(fields), message),
  }
}
