import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson, stringifyJson } from '../../../core/values/manifest-json.ts'

describe('parseJson and stringifyJson', () => {
  it.each(['9007199254740993', '-9223372036854775808', '18446744073709551615', '123456789012345678901234567890'])(
    'keep the integer %s digit by digit, at any depth',
    (digits) => {
      const text = `{"a":[{"b":${digits}}],"${digits}":${digits}}`
      expect(stringifyJson(parseJson(text))).toBe(text)
    },
  )

  it('give numbers that JavaScript can hold as numbers, beside one that it cannot', () => {
    expect(parseJson('{"big":9007199254740993,"n":7,"f":0.1234567890123456,"s":"9007199254740993"}')).toMatchObject({
      n: 7,
      f: 0.1234567890123456,
      s: '9007199254740993',
    })
  })

  it('keep a big integer when the object around it is spread', () => {
    const read = parseJson('{"spec":{"at":9007199254740993}}') as { spec: object }
    expect(stringifyJson({ ...read, spec: { ...read.spec, more: true } })).toBe(
      '{"spec":{"at":9007199254740993,"more":true}}',
    )
  })

  it('read and write any other JSON as the language does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(stringifyJson(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })

  it('refuse what is no JSON, and what has no JSON text', () => {
    expect(() => parseJson('{"a":')).toThrow(SyntaxError)
    expect(() => stringifyJson(undefined)).toThrow(TypeError)
  })
})
