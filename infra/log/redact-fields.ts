/**
 * Fields as the log may show them: values under keys that name a secret are blanked at any depth, errors become name
 * and message, and what is nested too deep or too long is cut, so that a field can never carry a whole object along.
 */
export function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
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
