/**
 * Reads JSON as Kubernetes means it: integers that a JavaScript number cannot hold come back as raw JSON
 * (`JSON.isRawJSON`), and {@link stringifyJson} writes them digit by digit as they were. Such a value is opaque and
 * survives being passed along and spread, but not `structuredClone`. The reviver that finds them costs several times a
 * plain parse, so it runs only over texts that have 16 digits in a row. Throws `SyntaxError` on anything else than JSON.
 */
export function parseJson(text: string): unknown {
  if (!sixteenDigits.test(text)) return JSON.parse(text)
  return parseWithSource(text, keepBigInteger)
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
