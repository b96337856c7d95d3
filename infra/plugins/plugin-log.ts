import type { Log } from '../../activities/ports.ts'

/** Lines of a plugin that the log takes in one second, and characters of a line. */
const [linesMax, charactersMax, secondMs] = [200, 4000, 1000]

/**
 * Writes what a plugin prints into the worker's log, line by line. What Velero's framework logs is JSON with a level; any
 * other line is information. Of a flood the log takes a part, and says how many lines it left out.
 */
export function createPluginLog(log: Log, plugin: string, nowMs: () => number = Date.now): (line: string) => void {
  let [windowAt, lines, leftOut] = [0, 0, 0]

  function admit(): boolean {
    const now = nowMs()
    if (now - windowAt >= secondMs) {
      if (leftOut > 0) log.warn(`plugin ${plugin} printed too much: ${leftOut} lines were left out`, { plugin })
      ;[windowAt, lines, leftOut] = [now, 0, 0]
    }
    if (++lines <= linesMax) return true
    leftOut++
    return false
  }

  return (text) => {
    if (text.trim() === '' || !admit()) return
    const { level, message, error } = readLine(text)
    log[level](`plugin ${plugin}: ${message.slice(0, charactersMax)}`, {
      plugin,
      ...(error === undefined ? {} : { error: error.slice(0, charactersMax) }),
    })
  }
}

type Level = 'debug' | 'info' | 'warn' | 'error'

/** The other fields of a line of JSON are left out: they may hold parts of a manifest (rule 14). */
function readLine(text: string): { level: Level; message: string; error?: string } {
  if (!text.startsWith('{') || text.length > 16 * charactersMax) return { level: 'info', message: text }
  try {
    const entry = JSON.parse(text) as Record<string, unknown>
    const message = entry['@message'] ?? entry['msg']
    if (typeof message !== 'string') return { level: 'info', message: text }
    const error = entry['error']
    return {
      level: levelOf(entry['@level'] ?? entry['level']),
      message,
      ...(typeof error === 'string' ? { error } : {}),
    }
  } catch {
    return { level: 'info', message: text }
  }
}

function levelOf(level: unknown): Level {
  switch (level) {
    case 'trace':
    case 'debug':
      return 'debug'
    case 'warn':
    case 'warning':
      return 'warn'
    case 'error':
    case 'fatal':
    case 'panic':
      return 'error'
    default:
      return 'info'
  }
}

/** Bytes of a line that has no end: more of it is dropped. */
const bytesMax = 65_536

/** Cuts a stream into lines, with a bound for each; `end` gives the rest. */
export function createLines(onLine: (line: string) => void) {
  let rest = ''
  return {
    push(part: string): void {
      const lines = (rest + part).split('\n')
      rest = (lines.pop() ?? '').slice(0, bytesMax)
      for (const line of lines) onLine(line.slice(0, bytesMax))
    },
    end(): void {
      if (rest !== '') onLine(rest)
      rest = ''
    },
  }
}
