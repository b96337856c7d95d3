import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatGoDuration, GoDurationError, parseGoDuration } from '../../../core/values/go-duration.ts'

/** Text, milliseconds and what Go 1.25 prints for them. */
const durations: [string, number, string][] = [
  ['4h0m0s', 14400000.0, '4h0m0s'],
  ['1.5h', 5400000.0, '1h30m0s'],
  ['100ms', 100.0, '100ms'],
  ['-1s', -1000.0, '-1s'],
  ['+5s', 5000.0, '5s'],
  ['0', 0.0, '0s'],
  ['-0', 0.0, '0s'],
  ['+0', 0.0, '0s'],
  ['.5s', 500.0, '500ms'],
  ['1.s', 1000.0, '1s'],
  ['1µs', 0.001, '1µs'],
  ['1μs', 0.001, '1µs'],
  ['1us', 0.001, '1µs'],
  ['1ns', 1e-6, '1ns'],
  ['0.5ns', 0.0, '0s'],
  ['1h30m', 5400000.0, '1h30m0s'],
  ['30m1h', 5400000.0, '1h30m0s'],
  ['0.3333333333333333333h', 1200000.0, '20m0s'],
  ['10m0s', 600000.0, '10m0s'],
  ['0.000000001s', 1e-6, '1ns'],
  ['1.0000000005s', 1000.0, '1s'],
]

/** Text, and Go's error. */
const faults: [string, string][] = [
  ['', 'time: invalid duration ""'],
  ['-', 'time: invalid duration "-"'],
  ['1', 'time: missing unit in duration "1"'],
  ['1.5', 'time: missing unit in duration "1.5"'],
  ['x', 'time: invalid duration "x"'],
  ['1x', 'time: unknown unit "x" in duration "1x"'],
  ['1h2', 'time: missing unit in duration "1h2"'],
  ['.s', 'time: invalid duration ".s"'],
  ['1.2.3s', 'time: missing unit in duration "1.2.3s"'],
  ['1e3s', 'time: unknown unit "e" in duration "1e3s"'],
  [' 1s', 'time: invalid duration " 1s"'],
  ['1s ', 'time: unknown unit "s " in duration "1s "'],
  ['1d', 'time: unknown unit "d" in duration "1d"'],
  ['3000000h', 'time: invalid duration "3000000h"'],
  ['2562047h47m16.854775808s', 'time: invalid duration "2562047h47m16.854775808s"'],
  ['1h"', 'time: unknown unit "h\\"" in duration "1h\\""'],
  ['é1s', 'time: invalid duration "\\xc3\\xa91s"'],
  ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
  ['99999999999999999999s', 'time: invalid duration "99999999999999999999s"'],
  ['1H', 'time: unknown unit "H" in duration "1H"'],
  ['--1s', 'time: invalid duration "--1s"'],
  ['1m-1s', 'time: unknown unit "m-" in duration "1m-1s"'],
  ['\t', 'time: invalid duration "\\x09"'],
]

describe('a duration in the syntax of Go', () => {
  test.each(durations)('%j is %d ms, written %j', (text, milliseconds, written) => {
    expect(parseGoDuration(text)).toBe(milliseconds)
    expect(formatGoDuration(milliseconds)).toBe(written)
  })

  test.each(faults)('%j is none', (text, message) => {
    expect(() => parseGoDuration(text)).toThrow(GoDurationError)
    expect(() => parseGoDuration(text)).toThrow(message)
  })

  test('written and read again is the same', () => {
    const microseconds = fc.integer({ min: -1e12, max: 1e12 })
    fc.assert(
      fc.property(microseconds, (us) => {
        expect(parseGoDuration(formatGoDuration(us / 1000))).toBe(us / 1000)
      }),
    )
  })
})
