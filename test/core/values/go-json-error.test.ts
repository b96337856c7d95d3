import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { goJsonError } from '../../../core/values/go-json-error.ts'

/** What encoding/json of Go 1.26 says: 64 texts thought up, the others made by damaging one item in random places. */
const recorded = JSON.parse(readFileSync(new URL('go-json-errors.json', import.meta.url), 'utf8')) as [string, string][]

describe('the words for a text that is no JSON', () => {
  it('are those of Go, for 243 texts', () => {
    expect(recorded.length).toBeGreaterThan(240)
    expect(recorded.map(([text]) => [text, goJsonError(text)])).toEqual(recorded)
  })

  it('name the letter that does not belong into a word', () => {
    expect(goJsonError('nope')).toBe("invalid character 'o' in literal null (expecting 'u')")
  })

  it('are the same kind for any text that JSON.parse refuses, and never quote more than a byte of it', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!isJson(text))
        const words = goJsonError(text)
        expect(words).toMatch(/^(unexpected end of JSON input|invalid character '.{1,6}' .+)$/s)
      }),
    )
  })

  it('do not run out of stack on a text of brackets alone', () => {
    expect(goJsonError('['.repeat(1_000_000))).toContain('exceeded max depth')
  })

  it('say so where the text is JSON after all', () => {
    expect(goJsonError('[1]')).toBe('the text is JSON, but no object')
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
