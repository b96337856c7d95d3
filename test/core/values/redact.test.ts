import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact } from '../../../core/values/redact.ts'
import { anObject } from '../items/builders.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const aSecret = (data: Record<string, string>) =>
  anObject('Secret', 's', {}, { data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, base64(v)])) })

describe('a message of the API server about a Secret', () => {
  it.each([
    ['Secret "s" is invalid: data[pw]: Invalid value: "hunter2": must be short', 'hunter2'],
    ['Secret "s" is invalid: type: Unsupported value: "hun:ter2": supported values: "a"', 'ter2'],
    ['Secret "s" is invalid: data: Invalid value: map[string]string{"pw":"hunter2: x"}: bad', 'hunter2'],
    ['Secret "s" is invalid: data: Invalid value: {"pw":"hunter2","b":"x: y"}: bad', 'hunter2'],
    ['Secret "s" is invalid: data: Invalid value: []byte{0x68, 0x75}: bad', '0x68'],
    ['Secret "s" is invalid: data[n]: Invalid value: 4711: must be 3', '4711'],
    ['Secret "s" is invalid: data: Duplicate value: "hunter2"', 'hunter2'],
    ['Secret "s" is invalid: a: Invalid value: "say \\"hunter2\\" now": bad', 'hunter2'],
    ['illegal base64 data at input byte 4: "aHVudGVyMg="', 'aHVudGVyMg'],
    ['annotation kubectl.kubernetes.io/last-applied-configuration: {"data":{"pw":"aHVudGVyMg=="}} bad', 'aHVudGVyMg'],
    [`token ${'Abc123'.repeat(10)} refused`, 'Abc123Abc'],
  ])('does not keep the value: %s', (message, value) => {
    expect(redact(message)).not.toContain(value)
    expect(redact(message)).toContain('<redacted>')
  })

  it.each([
    'error restoring secrets/shop/db: secrets is forbidden: User "system:serviceaccount:velero:velero" cannot create resource "secrets" in API group "" in the namespace "shop"',
    'Secret "db" is invalid: type: Required value',
    'secrets "db" is forbidden: exceeded quota: few, requested: secrets=1, used: secrets=3, limited: secrets=3',
    'could not restore, Secret:db already exists. Warning: the in-cluster version is different than the backed-up version',
    'admission webhook "check.example.com" denied the request: no owner',
    'the server could not find the requested resource',
  ])('keeps the words that name nothing secret: %s', (message) => {
    expect(redact(message, [aSecret({ pw: 'hunter2' })])).toBe(message)
  })

  it.each([
    ['hex', (pw: string) => Buffer.from(pw).toString('hex')],
    ['base64 for addresses', (pw: string) => Buffer.from(pw).toString('base64url')],
    ['an address', encodeURIComponent],
    [
      'JSON as Go writes it',
      (pw: string) => pw.replaceAll('<', String.raw`\u003c`).replaceAll('>', String.raw`\u003e`),
    ],
  ])('loses a value that is written as %s', (_, write) => {
    const pw = 'hunter<2>?ü'
    expect(redact(`denied: ${write(pw)}!`, [aSecret({ pw })])).toBe('denied: <redacted>!')
  })

  it("loses a value that is written as Go's %q writes it", () => {
    const pw = 'pass\u0007\u0001\u007fword'
    expect(redact(String.raw`denied: "pass\a\x01\x7fword"!`, [aSecret({ pw })])).toBe('denied: "<redacted>"!')
  })

  it('loses a value that is cut off, at any place of the message', () => {
    const pw = 'correct horse battery staple'
    expect(redact(`denied: correct horse ba… and ${pw}, correct me`, [aSecret({ pw })])).toBe(
      'denied: <redacted>… and <redacted>, correct me',
    )
    expect(redact(`denied: ${base64(pw).slice(0, 20)}… `, [aSecret({ pw })])).toBe('denied: <redacted>… ')
  })

  it('loses single lines of a value, and a short value in quotes', () => {
    expect(redact('denied: line two here', [aSecret({ pw: 'line one\nline two' })])).toBe('denied: <redacted> here')
    expect(redact('denied: "pin"', [aSecret({ pw: 'pin' })])).toBe('denied: <redacted>')
  })

  it('loses what the annotation of kubectl holds', () => {
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"stringData":{"pw":"hunter2"}}' }
    const secret = anObject('Secret', 's', { annotations })
    expect(redact('denied: hunter2', [secret])).toBe('denied: <redacted>')
  })

  it('keeps the name of the item where the message begins with it', () => {
    const path = 'resources/secrets/namespaces/f25/payments-database-Credentials/of-the-shop.json'
    const message = `error decoding "${path}": invalid JSON at line 3, column 4`
    expect(redact(message, [], ['secrets/f25/x', path])).toBe(message)
    expect(redact(`denied ${message}`, [], [path])).not.toContain('payments-database-Credentials')
  })

  it('ends soon and short, whatever the message holds', () => {
    const hostile = [
      'base64'.repeat(50_000),
      'last-applied-configuration'.repeat(20_000),
      '[]{'.repeat(200_000),
      'Invalid value: '.repeat(30_000),
      'map[string]interface {}{'.repeat(30_000),
    ]
    for (const message of hostile) expect(redact(message, [aSecret({ pw: 'hunter2' })]).length).toBeLessThan(5_000)
  })

  it('quotes nothing where a Secret holds more values than can be looked for', () => {
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`k${index}`, `value-${index}`]))
    expect(redact('denied: anything', [aSecret(many)])).toBe('<redacted>')
  })

  it('says which field was refused, and why', () => {
    expect(redact('Secret "db" is invalid: data[pw]: Invalid value: "hunter2": must be short')).toBe(
      'Secret "db" is invalid: data[pw]: Invalid value: <redacted>: must be short',
    )
  })

  it('loses each value that the Secret holds, plain or encoded, wherever a webhook puts it', () => {
    const value = fc.string({ minLength: 4 }).filter((text) => !'webhook denied: <redacted> and '.includes(text))
    fc.assert(
      fc.property(value, (pw) => {
        const message = `webhook denied: ${pw} and ${base64(pw)}`
        const text = redact(message, [aSecret({ pw })])
        expect(text).not.toContain(pw)
        expect(text).not.toContain(base64(pw))
      }),
    )
  })

  it('loses values of stringData and of a Secret whose data is no map', () => {
    expect(redact('it is hunter2', [anObject('Secret', 's', {}, { stringData: { pw: 'hunter2' } })])).toBe(
      'it is <redacted>',
    )
    expect(redact('fine', [anObject('Secret', 's', {}, { data: 'x', stringData: null })])).toBe('fine')
  })
})
