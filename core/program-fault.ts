import { redact } from './values/redact.ts'

/** Codes of the operating system and of connections: what they tell of may pass. */
const systemCode = /^(E[A-Z0-9]+|UND_ERR_.*)$/

/** What Temporal's SDK throws where it is called in a wrong way, such as for a timer without an end. */
const ofTemporal: ReadonlySet<string> = new Set(['ValueError', 'IllegalStateError'])

/**
 * Whether something that was thrown is a fault of the program, and not trouble of a connection, a disk or another program:
 * such a fault comes again whenever the same is tried.
 */
export function isProgramFault(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error) || hasSystemCode(thrown) || hasSystemCode(thrown.cause)) return false
  const isBuiltIn =
    thrown instanceof TypeError ||
    thrown instanceof RangeError ||
    thrown instanceof ReferenceError ||
    thrown instanceof SyntaxError ||
    thrown instanceof URIError ||
    ofTemporal.has(thrown.name)
  return isBuiltIn || Object.getPrototypeOf(thrown) === Error.prototype
}

function hasSystemCode(thrown: unknown): boolean {
  const code = (thrown as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && systemCode.test(code) && !code.startsWith('ERR_')
}

/** The longest line that is told of a fault. */
const lineMax = 300

/** The first line of a fault, without what looks like a value of a Secret: for reasons and results. */
export function faultLine(thrown: unknown): string {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return redact(text.split('\n', 1)[0] ?? '').slice(0, lineMax)
}
