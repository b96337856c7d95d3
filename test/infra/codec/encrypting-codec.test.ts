import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultPayloadConverter } from '@temporalio/common'
import type { Payload } from '@temporalio/common'
import { afterAll, describe, expect, it } from 'vitest'
import { openKeys, parseKeys } from '../../../infra/codec/codec-keys.ts'
import { encryptingCodec, openCodec, plainCodec } from '../../../infra/codec/encrypting-codec.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-codec-'))
afterAll(() => rmSync(dir, { recursive: true }))

const line = (id: string, byte: number) => `${id} ${Buffer.alloc(32, byte).toString('base64')}`
let files = 0
function keysFile(...lines: string[]): string {
  const file = join(dir, `keys-${++files}`)
  writeFileSync(file, lines.join('\n'))
  return file
}
const payload = (value: unknown) => defaultPayloadConverter.toPayload(value)
const text = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString()

describe('the codec', () => {
  it.each([{ a: 'plain words' }, null, undefined, 'ü', new Uint8Array([0, 255])])(
    'reads %o as it was',
    async (value) => {
      const codec = openCodec(keysFile(line('one', 1)))
      const [read] = await codec.decode(await codec.encode([payload(value)]))
      expect(defaultPayloadConverter.fromPayload(read as Payload)).toEqual(value)
    },
  )

  it('takes a payload without bytes as protobuf decodes it: its data is an empty list', async () => {
    const codec = openCodec(keysFile(line('one', 1)))
    const [read] = await codec.decode(await codec.encode([{ data: [] as unknown as Uint8Array }]))
    expect(read).toEqual({ metadata: {}, data: Buffer.alloc(0) })
  })

  it('shows nothing of a payload but the name of the key, and never the same bytes twice', async () => {
    const codec = openCodec(keysFile(line('one', 1)))
    const [first, second] = await codec.encode([payload('plain words'), payload('plain words')])
    const names = { encoding: 'binary/encrypted', 'encryption-key-id': 'one' }
    expect(Object.fromEntries(Object.entries(first?.metadata ?? {}).map(([key, at]) => [key, text(at)]))).toEqual(names)
    expect(text(first?.data)).not.toMatch(/plain|json/)
    expect(first?.data).not.toEqual(second?.data)
  })

  it('writes with the first key, reads with each, and passes what is plain', async () => {
    const before = await openCodec(keysFile(line('old', 1))).encode([payload('before')])
    const codec = openCodec(keysFile('# newest first', line('new', 2), '', line('old', 1)))
    const after = await codec.encode([payload('after')])
    expect(text(after[0]?.metadata?.['encryption-key-id'])).toBe('new')
    const read = await codec.decode([...before, ...after, payload('never encrypted')])
    expect(read.map((one) => defaultPayloadConverter.fromPayload(one))).toEqual(['before', 'after', 'never encrypted'])
  })

  it('looks into the file again for a key that it does not know', async () => {
    const file = keysFile(line('old', 1))
    const codec = openCodec(file)
    const coming = await openCodec(keysFile(line('new', 2))).encode([payload('x')])
    await expect(codec.decode(coming)).rejects.toThrow('is encrypted with key "new", which the file')
    writeFileSync(file, [line('new', 2), line('old', 1)].join('\n'))
    utimesSync(file, 1, 1)
    expect(await codec.decode(coming)).toHaveLength(1)
  })

  it('refuses a payload that was changed, cut, or renamed to another key', async () => {
    const codec = encryptingCodec(openKeys(keysFile(line('one', 1), line('two', 1))))
    const [good] = (await codec.encode([payload('x')])) as [Payload]
    const data = Buffer.from(good.data ?? [])
    const flipped = Buffer.from(data)
    flipped.writeUInt8(flipped.readUInt8(20) ^ 1, 20)
    const renamed = { ...good.metadata, 'encryption-key-id': Buffer.from('two') }
    for (const bad of [
      { ...good, data: flipped },
      { ...good, data: data.subarray(0, 20) },
      { ...good, data: Buffer.alloc(0) },
      { ...good, metadata: renamed },
    ])
      await expect(codec.decode([bad])).rejects.toThrow('it was changed, or the key is another one')
  })

  it('without keys reads what is plain, and says what is missing for the rest', async () => {
    const encrypted = await openCodec(keysFile(line('one', 1))).encode([payload('x')])
    expect(await plainCodec.decode([payload('x')])).toEqual([payload('x')])
    await expect(plainCodec.decode(encrypted)).rejects.toThrow('set DRYDOCK_CODEC_KEYS_FILE to the keys of the workers')
  })
})

describe('the file of keys', () => {
  it.each([
    ['', 'there is no key in it'],
    ['one c2hvcnQ=', 'line 1 is not a name and 32 bytes in base64'],
    ['# c\n' + Buffer.alloc(32).toString('base64'), 'line 2 is not a name and 32 bytes in base64'],
    [`${line('one', 1)}\n${line('one', 2)}`, 'line 2 names "one" again'],
  ])('is refused where it is wrong: %j', (content, why) => {
    expect(() => parseKeys(content)).toThrow(why)
  })

  it('is named where it is not there', () => {
    expect(() => openKeys('/nowhere/keys')).toThrow(
      /^the keys of \/nowhere\/keys \(DRYDOCK_CODEC_KEYS_FILE\) cannot be used: ENOENT/,
    )
  })
})
