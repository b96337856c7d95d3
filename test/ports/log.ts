import type { Log } from '../../activities/ports.ts'

/** A log that keeps its lines: `warn could not record an Event: …`. */
export function createLog(): Log & { lines: readonly string[] } {
  const lines: string[] = []
  const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`)
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
