/**
 * A timeout in milliseconds: the one of the Restore in Go's syntax, or the given default where that is absent or zero.
 */
export function timeoutOrDefaultMs(wanted: string | undefined, fallbackMs: number): number {
  return durationOrZeroMs(wanted) || fallbackMs
}

/** A duration in milliseconds; zero for an absent or invalid text, as Velero reads the annotations with durations. */
export function durationOrZeroMs(text: string | undefined): number {
  if (text === undefined || text === '') return 0
  try {
    return parseGoDuration(text)
  } catch (thrown) {
    if (thrown instanceof GoDurationError) return 0
    throw thrown
  }
}

/** Thrown for a text that Go's `time.ParseDuration` refuses. The message is Go's. */
export class GoDurationError extends Error {
  override readonly name = 'GoDurationError'
}

/**
 * Reads a duration in Go's syntax (`4h0m0s`, `1.5h`, `-100ms`) into milliseconds; specs and annotations of Velero hold
 * durations as such texts. Throws `GoDurationError`.
 */
export function parseGoDuration(text: string): number {
  const { sign, rest } = splitSign(text)
  if (rest === '0') return 0
  if (rest === '') throw invalid(text)
  let nanoseconds = 0n
  let left = rest
  while (left !== '') {
    const term = readTerm(left, text)
    nanoseconds += term.nanoseconds
    left = left.slice(term.length)
    if (nanoseconds > durationMax + (sign < 0 ? 1n : 0n)) throw invalid(text)
  }
  return nanoseconds === 0n ? 0 : (sign * Number(nanoseconds)) / nanosecondsPerMillisecond
}

/** Writes milliseconds as Go's `Duration.String` does: `4h0m0s`, `1.5s`, `100ms`, `0s`. */
export function formatGoDuration(milliseconds: number): string {
  const nanoseconds = BigInt(Math.round(milliseconds * nanosecondsPerMillisecond))
  if (nanoseconds === 0n) return '0s'
  const sign = nanoseconds < 0n ? '-' : ''
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  if (size < 1_000n) return `${sign}${size}ns`
  if (size < 1_000_000n) return `${sign}${decimal(size, 1_000n)}µs`
  if (size < second) return `${sign}${decimal(size, 1_000_000n)}ms`
  return sign + formatClock(size)
}

const nanosecondsPerMillisecond = 1_000_000
const durationMax = 2n ** 63n - 1n
const second = 1_000_000_000n
const minute = 60n * second
const hour = 60n * minute

const units: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', second],
  ['m', minute],
  ['h', hour],
])

function splitSign(text: string): { sign: 1 | -1; rest: string } {
  if (text.startsWith('-')) return { sign: -1, rest: text.slice(1) }
  return { sign: 1, rest: text.startsWith('+') ? text.slice(1) : text }
}

/** One number with its unit, such as `1.5h`. */
function readTerm(left: string, whole: string): { nanoseconds: bigint; length: number } {
  const [, integer = '', point = '', fraction = '', unitName = ''] = /^(\d*)(\.?)(\d*)([^\d.]*)/.exec(left) ?? []
  if (integer === '' && fraction === '') throw invalid(whole)
  if (unitName === '') throw new GoDurationError(`time: missing unit in duration ${quote(whole)}`)
  const unit = units.get(unitName)
  if (unit === undefined) {
    throw new GoDurationError(`time: unknown unit ${quote(unitName)} in duration ${quote(whole)}`)
  }
  const nanoseconds = BigInt(integer === '' ? '0' : integer) * unit + fractionOf(fraction, unit)
  return { nanoseconds, length: integer.length + point.length + fraction.length + unitName.length }
}

/** Calculated in floating point as in Go, so that also the last nanosecond is equal. */
function fractionOf(digits: string, unit: bigint): bigint {
  return BigInt(Math.trunc(Number(digits) * (Number(unit) / 10 ** digits.length)))
}

function formatClock(nanoseconds: bigint): string {
  const hours = nanoseconds / hour
  const minutes = (nanoseconds % hour) / minute
  const seconds = `${decimal(nanoseconds % minute, second)}s`
  if (hours > 0n) return `${hours}h${minutes}m${seconds}`
  return minutes > 0n ? `${minutes}m${seconds}` : seconds
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '')
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`
}

function invalid(text: string): GoDurationError {
  return new GoDurationError(`time: invalid duration ${quote(text)}`)
}

/** Quotes a text as Go's package `time` does, byte by byte: `\"` and `\\` escaped, bytes outside ASCII as `\xNN`. */
function quote(text: string): string {
  let quoted = '"'
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte)
    if (byte >= 0x80 || byte < 0x20) quoted += `\\x${byte.toString(16).padStart(2, '0')}`
    else quoted += character === '"' || character === '\\' ? `\\${character}` : character
  }
  return `${quoted}"`
}
