import { isJsonMap, rawJsonText } from './manifest-json.ts'

/** What a decoded configuration must look like: its fields and their types. */
export type Shape =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'anything'
  /** With `keepsNulls` a `null` in the list becomes an empty element, also under the rule `dropsNulls`. */
  | { readonly list: Shape; readonly keepsNulls?: true }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> }

/** How strictly a value is checked against its shape. */
export interface DecodeRules {
  /**
   * Names of fields match in any case, as in Go's JSON decoder. Otherwise they match exactly, as in its YAML decoder.
   */
  anyCase?: boolean
  /** Fields that the shape does not have are no fault. */
  ignoresUnknown?: boolean
  /** A `null` in a list is left out. Otherwise it becomes an empty text, list or object. */
  dropsNulls?: boolean
  /** A number or a boolean is converted where text is expected. */
  convertsScalars?: boolean
}

/**
 * Checks a value, read from YAML or JSON, against a shape. The result has only fields of the shape; a field that is
 * `null` counts as absent. The error names the place of each fault and the type that was expected there, but never the
 * value, because that may be a secret.
 */
export function decodeShape(value: unknown, shape: Shape, rules: DecodeRules): { value: unknown } | { error: string } {
  const faults: string[] = []
  const decoded = decode(value, shape, { path: '', rules, faults })
  return faults.length > 0 ? { error: faults.join(', ') } : { value: decoded }
}

interface Place {
  /** As in `rules[0].patches`; empty at the top. */
  path: string
  rules: DecodeRules
  faults: string[]
}

/**
 * Undefined for `null`, and for a value with a fault. A boolean or an integer keeps its `null`: it is a pointer in Go.
 */
function decode(value: unknown, shape: Shape, place: Place): unknown {
  if (value === null || value === undefined) return shape === 'boolean' || shape === 'integer' ? value : undefined
  if (shape === 'anything') return value
  if (shape === 'text') return decodeText(value, place)
  if (shape === 'boolean') return typeof value === 'boolean' ? value : wrongKind(value, 'a boolean', place)
  if (shape === 'integer') return Number.isSafeInteger(value) ? value : wrongKind(value, 'an integer', place)
  if ('list' in shape) return Array.isArray(value) ? decodeList(value, shape, place) : wrongKind(value, 'a list', place)
  if (!isJsonMap(value)) return wrongKind(value, 'an object', place)
  return 'map' in shape ? decodeMap(value, shape.map, place) : decodeFields(value, shape.fields, place)
}

function decodeText(value: unknown, place: Place): string | undefined {
  if (typeof value === 'string') return value
  const isScalar = typeof value === 'number' || typeof value === 'boolean'
  return isScalar && place.rules.convertsScalars === true ? String(value) : wrongKind(value, 'text', place)
}

function decodeList(items: unknown[], { list, keepsNulls }: Extract<Shape, { list: Shape }>, place: Place): unknown[] {
  const kept = place.rules.dropsNulls === true && keepsNulls !== true ? items.filter((item) => item !== null) : items
  return kept.map((item, index) => decode(item, list, { ...place, path: `${place.path}[${index}]` }) ?? empty(list))
}

function decodeMap(map: Record<string, unknown>, shape: Shape, place: Place): Record<string, unknown> {
  const entries = Object.entries(map)
  return Object.fromEntries(
    entries.map(([key, value]) => [key, decode(value, shape, inside(place, key)) ?? empty(shape)]),
  )
}

function decodeFields(
  map: Record<string, unknown>,
  fields: Readonly<Record<string, Shape>>,
  place: Place,
): Record<string, unknown> {
  const decoded = new Map<string, unknown>()
  for (const [key, value] of Object.entries(map)) {
    const name = Object.keys(fields).find((field) => isSameName(field, key, place.rules))
    const shape = name === undefined ? undefined : fields[name]
    if (name === undefined || shape === undefined) {
      if (place.rules.ignoresUnknown !== true) place.faults.push(`unknown field ${inside(place, key).path}`)
      continue
    }
    const found = decode(value, shape, inside(place, name))
    if (found !== undefined) decoded.set(name, found)
  }
  return Object.fromEntries(decoded)
}

function isSameName(field: string, key: string, { anyCase }: DecodeRules): boolean {
  return field === key || (anyCase === true && field.toLowerCase() === key.toLowerCase())
}

function inside(place: Place, key: string): Place {
  return { ...place, path: place.path === '' ? key : `${place.path}.${key}` }
}

function wrongKind(value: unknown, expected: string, { path, faults }: Place): undefined {
  faults.push(`${path === '' ? '' : `${path}: `}expected ${expected}, found ${kindOf(value)}`)
  return undefined
}

/** What a JSON value is, in words. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number' || rawJsonText(value) !== undefined) return 'a number'
  if (typeof value === 'boolean') return 'a boolean'
  return typeof value === 'string' ? 'text' : 'an object'
}

function empty(shape: Shape): unknown {
  if (typeof shape === 'string') return shape === 'text' ? '' : undefined
  return 'list' in shape ? [] : {}
}
