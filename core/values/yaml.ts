import { isScalar, isAlias, LineCounter, parseAllDocuments, visit } from 'yaml'
import type { Document, ScalarTag } from 'yaml'
import { parseJson } from './manifest-json.ts'

/** How a YAML text is read. Velero reads modifiers, their patches and filter policies in three different ways. */
export interface YamlReading {
  /**
   * What a scalar without quotes becomes. `null` stays `null` in each case.
   * `json`: a number, a boolean or text. Integers beyond 2^53 become raw JSON, infinity and NaN are refused.
   * `text`: the text that sigs.k8s.io/yaml puts into a string field: `yes` becomes `true`, `1.50` becomes `1.5`.
   * `as written`: its own text, as gopkg.in/yaml.v3 stores it in a string field.
   */
  scalars: 'json' | 'text' | 'as written'
  /** Whether a map may have the same key twice. */
  repeatedKeys: 'refused' | 'last wins'
}

/**
 * Reads the first document of a YAML text and resolves aliases and merge keys. The value is undefined if there is no
 * document. The same texts are refused as by Velero, but the message is ours (decision 4): it names the line where
 * possible, and never quotes the text, which may contain secrets.
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

/** How often one anchor may be used, multiplied by the aliases inside of it. No real configuration needs more. */
const aliasesMax = 10_000

interface Fault {
  pos: readonly [number, number]
  message: string
}

/**
 * What our parser accepts and Velero's refuses: an alias inside of its own anchor, and a key that is a list, a map or
 * null.
 */
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

/** Some messages of the parser end with a part of the text, after a colon. */
function unquoted(message: string): string {
  return message.replace(/: .*/s, '')
}

/** Makes the value of a scalar from its text. `refuse` adds an error to the document. */
type Resolve = (text: string, refuse: (message: string) => void) => unknown

/** The first of these tags applies to every scalar without quotes and tag, except the merge key `<<`. */
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

/** The value of a scalar in Go: an integer is a bigint here, a floating-point number is a number. */
type GoScalar = null | boolean | bigint | number | string

/**
 * Resolves a scalar without quotes as Go's YAML libraries do, by the rules of YAML 1.1: `yes`, `on` and `y` are true,
 * `0777` and `0o17` are octal, `1_000` is a thousand, dates stay text. Integers of more than 64 bits become floating
 * point.
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
 * A floating-point number as sigs.k8s.io/yaml converts it for a string field: Go's shortest `%g` of 32 bits. So `1.50`
 * becomes `1.5`, `1000000.0` becomes `1e+06` and `123456789.5` becomes `1.2345679e+08`.
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
