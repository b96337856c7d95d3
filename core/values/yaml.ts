import { isScalar, isAlias, LineCounter, parseAllDocuments, visit } from 'yaml'
import type { Document, ScalarTag } from 'yaml'
import { parseJson } from './manifest-json.ts'

/** How a YAML text is read. Velero reads its three kinds of configuration by three rules. */
export interface YamlReading {
  /**
   * What becomes of a scalar without quotes; `null` is `null` in each.
   * `json`: numbers, booleans and text. Integers beyond 2^53 stay exact, as `JSON.rawJSON`; infinity is refused.
   * `text`: the text that sigs.k8s.io/yaml makes of it where a string is wanted: `yes` is `true`, `1.50` is `1.5`.
   * `as written`: its own text, as gopkg.in/yaml.v3 puts it into a string.
   */
  scalars: 'json' | 'text' | 'as written'
  /** What a key that a map has twice means. */
  repeatedKeys: 'refused' | 'last wins'
}

/**
 * Reads the first document of a YAML text, with aliases and merge keys resolved. The value is undefined where there is
 * no document. Which texts are refused is as in Velero, but the message is ours (decision 4): it has the line and never
 * quotes the text, which may hold secrets.
 */
export function readYaml(text: string, { scalars, repeatedKeys }: YamlReading): { value: unknown } | { error: string } {
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    customTags: (tags) => [...tags, ...tagsFor(resolvers[scalars])],
    merge: true,
    uniqueKeys: repeatedKeys === 'refused',
    logLevel: 'silent',
    prettyErrors: false,
    lineCounter,
  })
  const document = Array.isArray(documents) ? documents[0] : undefined
  if (document === undefined) return { value: undefined }
  const fault = document.errors[0] ?? faultIn(document)
  if (fault !== undefined)
    return { error: `line ${lineCounter.linePos(fault.pos[0]).line}: ${unquoted(fault.message)}` }
  try {
    return { value: document.toJS({ maxAliasCount: aliasesMax }) }
  } catch (thrown) {
    return { error: unquoted(thrown instanceof Error ? thrown.message : String(thrown)) }
  }
}

/** How often one anchor may be used, the aliases inside of it counted. More is an attack and no configuration. */
const aliasesMax = 10_000

interface Fault {
  pos: readonly [number, number]
  message: string
}

/** What the parser lets pass and Velero's does not: an alias inside of its own anchor, and a key that is no scalar. */
function faultIn(document: Document.Parsed): Fault | undefined {
  let fault: Fault | undefined
  const found = (node: unknown, message: string) => {
    const start = (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? 0
    fault = { pos: [start, start], message }
    return visit.BREAK
  }
  visit(document, {
    Alias: (_, alias, path) => {
      const target = alias.resolve(document)
      return target !== undefined && path.includes(target)
        ? found(alias, 'an alias stands inside its own anchor')
        : undefined
    },
    Pair: (_, { key }) =>
      isAlias(key) || (isScalar(key) && key.value !== null)
        ? undefined
        : found(key, 'a key is no text, number or boolean'),
  })
  return fault
}

/** Some messages of the parser end in a piece of the text. */
function unquoted(message: string): string {
  return message.replace(/: .*/s, '')
}

/** A scalar's value from its text; `refuse` makes it a fault of the document. */
type Resolve = (text: string, refuse: (message: string) => void) => unknown

/** The first tag takes every scalar without quotes and without a tag of its own; `<<` is left to the parser. */
function tagsFor(resolve: Resolve): ScalarTag[] {
  return ['int', 'float', 'bool', 'null'].map((name, index) => ({
    tag: `tag:yaml.org,2002:${name}`,
    default: index === 0,
    test: /^(?!<<$)/,
    resolve,
  }))
}

const resolvers: Record<YamlReading['scalars'], Resolve> = {
  json: (text, refuse) => {
    const value = resolveGoScalar(text)
    if (typeof value === 'bigint') return parseJson(String(value))
    if (typeof value === 'number' && !Number.isFinite(value)) refuse('JSON has no infinity and no NaN')
    return value
  },
  text: (text) => {
    const value = resolveGoScalar(text)
    if (value === null) return null
    return typeof value === 'number' ? formatGoFloat(value) : String(value)
  },
  'as written': (text) => (resolveGoScalar(text) === null ? null : text),
}

/** What a scalar without quotes is to Go's YAML libraries: a bigint is an integer, a number a floating-point number. */
type GoScalar = null | boolean | bigint | number | string

/**
 * Resolves a scalar as YAML 1.1 in Go does: `yes`, `on` and `y` are true, `0777` and `0o17` are octal, `1_000` is a
 * thousand, dates stay text. Integers that no 64 bits hold become floating point.
 */
export function resolveGoScalar(text: string): GoScalar {
  if (['', '~', 'null', 'Null', 'NULL'].includes(text)) return null
  if (/^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return true
  if (/^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return false
  if (/^\.(nan|NaN|NAN)$/.test(text)) return Number.NaN
  if (/^[-+]?\.(inf|Inf|INF)$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (!/^[-+.0-9]/.test(text)) return text
  const digits = text.replaceAll('_', '')
  return readInteger(digits) ?? (float.test(digits) ? Number(digits) : text)
}

const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/

function readInteger(digits: string): bigint | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/.exec(digits)
  if (!match) return undefined
  const [, sign, body = ''] = match
  const octal = /^0[oO]?([0-7]+)$/.exec(body)
  const magnitude = BigInt(octal ? `0o${octal[1]}` : body)
  const value = sign === '-' ? -magnitude : magnitude
  return value < -(2n ** 63n) || value >= 2n ** 64n ? undefined : value
}

/**
 * A floating-point number as Velero's YAML library turns it into a string where one is wanted: Go's shortest `%g` of
 * 32 bits. So `1.50` becomes `1.5`, `1000000.0` becomes `1e+06` and `123456789.5` becomes `1.2345679e+08`.
 */
export function formatGoFloat(value: number): string {
  const number = Math.fround(value)
  if (Number.isNaN(number)) return 'NaN'
  if (!Number.isFinite(number)) return number > 0 ? '+Inf' : '-Inf'
  if (Object.is(number, -0)) return '-0'
  const [mantissa = '0', exponentText = '0'] = shortest(number).split('e')
  const exponent = Number(exponentText)
  if (exponent >= -4 && exponent < 6) return Number(`${mantissa}e${exponentText}`).toString()
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

/** The fewest digits that read back as the same 32-bit number, in scientific notation. */
function shortest(value: number): string {
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits)
    if (Math.fround(Number(text)) === value) return text
  }
  return value.toExponential()
}
