import type { LogLine } from './options.ts'

/** The lines of a log in the format of Velero's text log (logrus): `time="…" level=info msg="…" key=value`. */
export function parseLog(text: string): LogLine[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseLine)
}

function parseLine(line: string): LogLine {
  // A key may hold spaces: "original name".
  const pairs = [...line.matchAll(/(?:^|\s)([^="]+)=("(?:[^"\\]|\\.)*"|\S*)/g)]
  const values = new Map(pairs.map(([, key = '', value = '']) => [key.trim(), unquote(value)]))
  const { time = '', level = '', msg, ...fields } = Object.fromEntries(values)
  return { time, level, message: msg ?? line, fields }
}

/** A text of Go with its escapes, or a bare word. */
function unquote(value: string): string {
  if (!value.startsWith('"')) return value
  return value.slice(1, -1).replace(/\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)/gi, (escape) => {
    const kind = escape.charAt(1)
    if (escape.length === 2) return named[kind] ?? kind
    return String.fromCodePoint(Number.parseInt(escape.slice(2), 16))
  })
}

const named: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', v: '\v', f: '\f' }
