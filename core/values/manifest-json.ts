/**
 * Reads JSON as Kubernetes means it: integers that a JavaScript number cannot hold come back as raw JSON
 * (`JSON.isRawJSON`), and {@link stringifyJson} writes them digit by digit as they were. Such a value is opaque and
 * survives being passed along and spread, but not `structuredClone`. The reviver that finds them costs several times a
 * plain parse, so it runs only over texts that have 16 digits in a row. Throws `SyntaxError` on anything else than JSON;
 * its message never quotes the text, which may be a Secret (rule 14).
 */
export function parseJson(text: string): unknown {
  try {
    return sixteenDigits.test(text) ? parseWithSource(text, keepBigInteger) : JSON.parse(text)
  } catch (thrown) {
    throw new SyntaxError(jsonFault(String(thrown)))
  }
}

/** The engine's message often quotes the text, and tells the place in some cases only. */
function jsonFault(message: string): string {
  if (/^SyntaxError: (Unexpected end|Unterminated)/.test(message)) return 'invalid JSON: the text ends too early'
  const [, line, column] = /\(line (\d+) column (\d+)\)$/.exec(message) ?? []
  return line === undefined ? 'invalid JSON' : `invalid JSON at line ${line}, column ${column}`
}

/** The text of a value that {@link parseJson} read, or of a plain one. */
export function stringifyJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError('only a JSON value has a JSON text')
  return text
}

const sixteenDigits = /\d{16}/
const integer = /^-?\d+$/

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown

/** The compiler's library does not know the source access of `JSON.parse` yet. */
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown
const { rawJSON } = JSON as unknown as { rawJSON: (this: void, text: string) => unknown }

function keepBigInteger(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const { source } = context
  return source !== undefined && integer.test(source) ? rawJSON(source) : value
}

/**
 * Whether two objects of the API server say the same, by the rule Velero compares with before it writes: key order does
 * not matter, a missing key is not an empty value, and neither is `null` (Velero's "nil equals empty" is about typed
 * lists, which JSON does not have). A number kept as `JSON.rawJSON` because it exceeds 2^53 is one leaf, compared by its digits.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b)
  if (isJsonMap(a)) return isJsonMap(b) && sameFields(a, b)
  return rawJsonText(a) !== undefined ? rawJsonText(a) === rawJsonText(b) : a === b
}

/** Whether a JSON value is an object with fields: no list, no `null`, no number kept as `JSON.rawJSON`. */
export function isJsonMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value)
}

/** The digits of a number kept as `JSON.rawJSON`; undefined for anything else. */
export function rawJsonText(value: unknown): string | undefined {
  return isRawJson(value) ? value.rawJSON : undefined
}

/** `JSON.isRawJSON` is younger than the compiler's library of types. */
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
 * A deep copy of JSON data in which a number kept as `JSON.rawJSON` stays one.
 * `structuredClone` would turn such a leaf into a plain object, and it would be written as `{"rawJSON": …}`.
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

/** A key named `__proto__` is data like any other; assigning it would set the prototype instead. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[key] = value
  }
}
