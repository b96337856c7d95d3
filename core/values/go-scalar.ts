/** What a plain scalar is to Go's YAML libraries. `kind` decides, `text` is how it prints as a string. */
export type GoScalar =
  | { kind: 'null' }
  | { kind: 'bool'; value: boolean }
  | { kind: 'int'; value: bigint }
  | { kind: 'float'; value: number }
  | { kind: 'string'; value: string }

const floats = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/
const specials = new Map<string, number>([
  ['.nan', Number.NaN],
  ['.NaN', Number.NaN],
  ['.NAN', Number.NaN],
  ...['.inf', '.Inf', '.INF'].flatMap((text): [string, number][] => [
    [text, Infinity],
    [`+${text}`, Infinity],
    [`-${text}`, -Infinity],
  ]),
])

/**
 * Resolves a plain scalar as YAML 1.1 in Go does: `yes`, `on` and `y` are true, `0777` and `0o17` are octal,
 * `1_000` is a thousand, dates stay text. Integers that no 64 bits hold become floating point.
 */
export function resolveGoScalar(text: string): GoScalar {
  if (['', '~', 'null', 'Null', 'NULL'].includes(text)) return { kind: 'null' }
  if (/^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return { kind: 'bool', value: true }
  if (/^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return { kind: 'bool', value: false }
  const special = specials.get(text)
  if (special !== undefined) return { kind: 'float', value: special }
  if (!/^[-+.0-9]/.test(text)) return { kind: 'string', value: text }
  const digits = text.replaceAll('_', '')
  return readInteger(digits) ?? readFloat(digits) ?? { kind: 'string', value: text }
}

function readInteger(digits: string): GoScalar | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/.exec(digits)
  if (!match) return undefined
  const [, sign, body = ''] = match
  const octal = /^0[oO]?([0-7]+)$/.exec(body)
  const magnitude = BigInt(octal ? `0o${octal[1]}` : body)
  const value = sign === '-' ? -magnitude : magnitude
  return value < -(2n ** 63n) || value >= 2n ** 64n ? undefined : { kind: 'int', value }
}

function readFloat(digits: string): GoScalar | undefined {
  return floats.test(digits) ? { kind: 'float', value: Number(digits) } : undefined
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
