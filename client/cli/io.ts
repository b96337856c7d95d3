import type { DisplayStream } from '../show/display.ts'

/** Where a command reads and writes; a test gives its own. */
export interface Io {
  out: DisplayStream
  err: DisplayStream
  env: Readonly<Record<string, string | undefined>>
  now: () => Date
}

/** The streams of this process. */
export function processIo(): Io {
  return { out: process.stdout, err: process.stderr, env: process.env, now: () => new Date() }
}
