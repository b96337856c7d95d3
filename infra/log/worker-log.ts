import { type DestinationStream, pino, stdTimeFunctions } from 'pino'
import type { Log } from '../../activities/ports.ts'

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

/**
 * Fields as the log may show them: values under keys that name a secret are blanked at any depth, errors become name
 * and message, and what is nested too deep or too long is cut, so that a field can never carry a whole object along.
 */
function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  return redactObject(fields, 0)
}

const secretKey =
  /^(authorization|cookie|credentials?|data|stringdata|.*token|.*password|.*passphrase|.*secret|.*secretaccesskey|.*privatekey|.*apikey|.*accesskeyid|kubeconfig)$/
const depthMax = 4
const entriesMax = 50
const charactersMax = 4_000

function redactObject(value: object, depth: number): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value).slice(0, entriesMax)) {
    const name = key.toLowerCase().replaceAll(/[^a-z]/g, '')
    shown[key] = secretKey.test(name) && isWorthHiding(inner) ? '[redacted]' : redactValue(inner, depth + 1)
  }
  return shown
}

/** Whether a secret is set may be told. */
function isWorthHiding(value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== 'boolean' && value !== ''
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.length > charactersMax ? `${value.slice(0, charactersMax)}…` : value
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString()
  if (value instanceof Error) return { name: value.name, message: redactValue(value.message, depth) }
  if (depth >= depthMax) return '[…]'
  if (Array.isArray(value)) return value.slice(0, entriesMax).map((inner) => redactValue(inner, depth + 1))
  return redactObject(value, depth)
}

/** Turns the log's JSON lines into lines for people: time, level, message, fields. */
function prettyStream(target: DestinationStream): DestinationStream {
  return {
    write(line) {
      target.write(`${formatLine(line)}\n`)
    },
  }
}

function formatLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
  const shown = Object.entries(fields).map(([key, value]) => `${key}=${formatValue(value)}`)
  return [String(time).slice(11, 19), String(level).toUpperCase().padEnd(5), String(msg), ...shown].join(' ')
}

function formatValue(value: unknown): string {
  return typeof value === 'string' && /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)
}
