/**
 * Reads JSON without losing digits of integers. An integer that a JavaScript number cannot hold becomes raw JSON
 * (`JSON.isRawJSON`), which {@link stringifyJson} writes with the same digits. Such a value can be passed on and
 * spread, but `structuredClone` breaks it. The reviver that finds such integers is several times slower than a plain
 * parse, so it runs only for texts with 16 digits in a row. Throws `SyntaxError` for a text that is not JSON. The
 * message never quotes the text, which may be a Secret (rule 14).
 */
export function parseJson(text: string): unknown {
  try {
    return sixteenDigits.test(text) ? parseWithSource(text, keepBigInteger) : JSON.parse(text)
  } catch (thrown) {
    throw new SyntaxError(jsonFault(String(thrown)))
  }
}

/** The message of `JSON.parse` often quotes the text, and names line and column only in some cases. */
function jsonFault(message: string): string {
  if (/^SyntaxError: (Unexpected end|Unterminated)/.test(message)) return 'invalid JSON: the text ends too early'
  const [, line, column] = /\(line (\d+) column (\d+)\)$/.exec(message) ?? []
  return line === undefined ? 'invalid JSON' : `invalid JSON at line ${line}, column ${column}`
}

/** The JSON text of a value, with the digits of raw JSON. Throws `TypeError` for `undefined` and functions. */
export function stringifyJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError('only a JSON value has a JSON text')
  return text
}

/** A JSON text that is the same for any order of keys, at any depth. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isJsonMap(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  )
}

const sixteenDigits = /\d{16}/
const integer = /^-?\d+$/

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown

/** TypeScript's library does not declare the third argument of a reviver yet. */
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown
const { rawJSON } = JSON as unknown as { rawJSON: (this: void, text: string) => unknown }

function keepBigInteger(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const { source } = context
  return source !== undefined && integer.test(source) ? rawJSON(source) : value
}

/**
 * Whether two objects are equal by the rule of Velero before it writes. The order of keys does not matter. A missing
 * key is not equal to an empty value or to `null` (that Velero takes nil and empty as equal holds for typed lists only,
 * which JSON does not have). Raw JSON is compared by its digits.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b)
  if (isJsonMap(a)) return isJsonMap(b) && sameFields(a, b)
  return rawJsonText(a) !== undefined ? rawJsonText(a) === rawJsonText(b) : a === b
}

/** Whether a JSON value is an object with fields: not a list, not `null`, not raw JSON. */
export function isJsonMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value)
}

/** The digits of raw JSON; undefined for any other value. */
export function rawJsonText(value: unknown): string | undefined {
  return isRawJson(value) ? value.rawJSON : undefined
}

/** TypeScript's library does not declare `JSON.isRawJSON` yet. */
function isRawJson(value: unknown): value is { readonly rawJSON: string } {
  return (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value)
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => semanticEqual(item, b[index]))
}

function sameFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && semanticEqual(a[key], b[key]))
  )
}

/**
 * A deep copy of JSON data that keeps raw JSON. `structuredClone` would turn raw JSON into a plain object, which is
 * then written as `{"rawJSON": …}`.
 */
export function cloneManifest<T>(value: T): T {
  return cloneValue(value) as T
}

function cloneValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cloneValue)
  if (!isJsonMap(value)) return value
  const copy: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) setOwn(copy, key, cloneValue(field))
  return copy
}

/** Sets a field also for the key `__proto__`, where an assignment would change the prototype. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[key] = value
  }
}
