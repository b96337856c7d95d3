import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { defaultBounds } from '../../../infra/archive/archive-bounds.ts'
import { readTar } from '../../../infra/archive/read-tar.ts'

interface Fields {
  name?: string
  type?: string
  /** The field of the size, 12 bytes of latin1. */
  size?: string
  prefix?: string
  magic?: string
  text?: string
}

/** A header as the fields say, with a good checksum, and its text with padding. */
function block({ name = 'a', type = '0', prefix = '', magic = 'ustar\x0000', text = '', ...more }: Fields): Buffer {
  const bytes = Buffer.alloc(512 + Math.ceil(Buffer.byteLength(text) / 512) * 512)
  const size = more.size ?? `${Buffer.byteLength(text).toString(8).padStart(11, '0')} `
  bytes.write(name, 0)
  bytes.write(size, 124, 'latin1')
  bytes.write(type, 156)
  bytes.write(magic, 257)
  bytes.write(prefix, 345)
  bytes.fill(' ', 148, 156)
  const sum = bytes.subarray(0, 512).reduce((all, byte) => all + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  bytes.write(text, 512)
  return bytes
}

async function read(...parts: Buffer[]): Promise<[path: string, text: string][]> {
  const found: [string, string][] = []
  for await (const { path, isFolder, read: contents } of readTar(Readable.from(parts), defaultBounds))
    found.push([path, isFolder ? 'folder' : (await contents()).toString()])
  return found
}

const refused = (...parts: Buffer[]) =>
  expect(read(...parts)).rejects.toMatchObject({ kind: 'damaged', message: 'archive/tar: invalid tar header' })

const pax = (text: string) => block({ name: 'PaxHeaders/a', type: 'x', text })

describe('a header', () => {
  it('has its name in two parts, in the format that has a prefix alone', async () => {
    const two = { name: 'file', prefix: 'some/folder' }
    expect(await read(block(two))).toEqual([['some/folder/file', '']])
    expect(await read(block({ ...two, magic: 'ustar  \0' }))).toEqual([['file', '']])
    expect(await read(block({ ...two, magic: '' }))).toEqual([['file', '']])
  })

  it('is a folder by its letter, or by the slash at its end', async () => {
    const after = block({ name: 'b', text: 'B' })
    expect(await read(block({ type: '5', size: '00000000007 ' }), after)).toEqual([
      ['a', 'folder'],
      ['b', 'B'],
    ])
    expect(await read(block({ name: 'a/', text: 'passed over' }), after)).toEqual([
      ['a', 'folder'],
      ['b', 'B'],
    ])
  })

  it('of a link or a device has no bytes, whatever it says, and one of another kind has', async () => {
    const after = block({ name: 'b', text: 'B' })
    for (const type of ['1', '2', '3', '4', '6'])
      expect(await read(block({ type, size: '00000001000 ' }), after)).toEqual([['b', 'B']])
    for (const type of ['7', 'S', 'g', 'K'])
      expect(await read(block({ type, text: 'passed over' }), after)).toEqual([['b', 'B']])
  })

  it('has a size of digits between spaces and zeros, or a binary one', async () => {
    for (const size of ['          3 ', '3\0garbage', '00000000003\0', '\x80\0\0\0\0\0\0\0\0\0\0\x03'])
      expect(await read(block({ size, text: 'abc' }))).toEqual([['a', 'abc']])
    expect(await read(block({ size: '\0'.repeat(12) }))).toEqual([['a', '']])
    for (const size of ['0000000000x ', '00000000008 ', `\xff${'\xff'.repeat(11)}`, `\x80\0\0\0${'\xff'.repeat(8)}`])
      await refused(block({ size, text: 'abc' }))
  })
})

describe('a longer name', () => {
  const long = `resources/${'n'.repeat(300)}`

  it('stands in an entry of its own, and is that of the next one alone', async () => {
    for (const type of ['L', 'N'])
      expect(await read(block({ type, text: `${long}\0` }), block({ text: 'A' }), block({ name: 'b' }))).toEqual([
        [long, 'A'],
        ['b', ''],
      ])
  })

  it('or size stands in the records of a pax header; of several the last one counts', async () => {
    const record = (text: string) => `${text.length + 4} ${text}\n`
    const path = `path=${long}`
    const records = `${path.length + 5} ${path}\n`
    expect(await read(pax(records), block({ text: 'A' }), block({ name: 'b' }))).toEqual([
      [long, 'A'],
      ['b', ''],
    ])
    expect(await read(pax(record('comment=no') + record('path=other')), block({ text: 'A' }))).toEqual([['other', 'A']])
    expect(await read(pax('9 size=3\n'), block({ size: '00000000000 ', text: 'abc' }))).toEqual([['a', 'abc']])
    expect(await read(pax('8 path=\n'), block({}))).toEqual([['a', '']])
  })

  it('is refused where a record is none', async () => {
    for (const text of ['path=x', '-5 =x', '99 path=x\n', '10 path=xx\n', '8 pathx\n', '9 size=x\n', '2 \n', '0 a=b\n'])
      await refused(pax(text), block({}))
    await refused(pax('10 path=\0a\n'), block({}))
    await refused(block({ type: 'x', size: '00020000000 ' }), block({}))
  })
})

it.each(['shop', 'bulk5k'])('reads the tarball of %s, which Velero made, as another reader does', async (backup) => {
  const file = new URL(`../../fixtures/backups/${backup}/${backup}.tar.gz`, import.meta.url)
  const tar = gunzipSync(readFileSync(file))
  const expected: [string, string][] = []
  const other = extract()
  other.end(tar)
  for await (const entry of other) {
    const pieces: Buffer[] = []
    for await (const piece of entry) pieces.push(piece as Buffer)
    const { name, type } = entry.header
    expected.push([name.replace(/\/$/, ''), type === 'directory' ? 'folder' : Buffer.concat(pieces).toString()])
  }
  expect(await read(tar)).toEqual(expected)
})
