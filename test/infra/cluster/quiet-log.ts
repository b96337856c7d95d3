import type { Log } from '../../../activities/ports.ts'

/** Keeps what was logged. */
export function quietLog(): Log & { lines: string[] } {
  const lines: string[] = []
  const take = (message: string, fields?: Record<string, unknown>) =>
    void lines.push(`${message} ${JSON.stringify(fields ?? {})}`)
  return { lines, debug: take, info: take, warn: take, error: take }
}
