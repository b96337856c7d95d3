import type { DestinationStream } from 'pino'

/** Turns the log's JSON lines into lines for people: time, level, message, fields. */
export function prettyStream(target: DestinationStream): DestinationStream {
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
