import { goJson } from '../values/go-text.ts'
import { parseJson } from '../values/manifest-json.ts'
import { JsonPatchError } from './json-patch.ts'
import type { JsonPatchOperation } from './json-patch.ts'
import type { ModifierPatch } from './parse-modifiers.ts'

/**
 * Makes a JSON patch from the operations of a rule as Velero does: it builds JSON from the user's texts without
 * escaping them, and parses it. So the texts `1`, `true`, `null`, `{…}` and `[…]` become JSON values, `"1"` with quotes
 * becomes a string, and a quotation mark inside a text makes the patch invalid. Throws `JsonPatchError`.
 */
export function readPatchText(patches: readonly ModifierPatch[]): JsonPatchOperation[] {
  return decode(`[${patches.map(patchText).join(',\n\t')}]`).map(checkOperation)
}

function decode(text: string): Record<string, unknown>[] {
  try {
    return parseJson(text) as Record<string, unknown>[]
  } catch {
    throw undecodable('invalid state detected')
  }
}

function checkOperation(step: Record<string, unknown>): JsonPatchOperation {
  const { op, path, from, value = null } = step
  if (!isOperation(op)) throw undecodable(`invalid operation ${goJson(sorted(step)).trimEnd()}: unsupported operation`)
  return { op, path: String(path), from: String(from), value }
}

function isOperation(op: unknown): op is JsonPatchOperation['op'] {
  return typeof op === 'string' && ['add', 'remove', 'replace', 'test', 'move', 'copy'].includes(op)
}

function patchText({ operation, from, path, value }: ModifierPatch): string {
  return `{"op": "${operation}", "from": "${from}", "path": "${path}", "value": ${valueText(value)}}`
}

function valueText(value: string): string {
  if (value.startsWith('"') && value.endsWith('"')) return `"${value.replace(/^"/, '').replace(/"$/, '')}"`
  return isBare(value) ? value : `"${value}"`
}

/** Whether a text is used without quotes: it looks like JSON, or Go can read it as a number, even if JSON cannot. */
function isBare(value: string): boolean {
  if (value === 'null' || /^(true|false)$/i.test(value) || /^[{[]/.test(value)) return true
  return /^([-+]?(inf|infinity)|nan)$/i.test(value) || isGoNumber(value)
}

const decimal = /^[-+]?(\d(_?\d)*\.?(\d(_?\d)*)?|\.\d(_?\d)*)(e[-+]?\d(_?\d)*)?$/i
const hexadecimal = /^[-+]?0x_?([\da-f_]+\.?[\da-f_]*|\.[\da-f_]+)p[-+]?\d+$/i

/** Whether Go's `strconv.ParseFloat` reads a text; it refuses numbers beyond 64-bit floating point. */
function isGoNumber(value: string): boolean {
  if (hexadecimal.test(value)) return true
  return decimal.test(value) && Number.isFinite(Number(value.replaceAll('_', '')))
}

function sorted(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function undecodable(why: string): JsonPatchError {
  return new JsonPatchError('other', `error in decoding json patch ${why}`)
}
