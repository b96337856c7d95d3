import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { ArchiveError } from '../../../core/port-errors.ts'
import { defaultBounds } from '../../../infra/archive/archive-bounds.ts'
import { gunzip } from '../../../infra/archive/gunzip.ts'
import { readTar } from '../../../infra/archive/read-tar.ts'
import { aTar, anItem } from './tarballs.ts'

/** How many entries the tar has, or what is wrong with it; it stands in an intact gzip file. */
async function outcomeOf(tar: Buffer): Promise<number | string> {
  let entries = 0
  try {
    for await (const entry of readTar(gunzip(Readable.from([gzipSync(tar)]), defaultBounds), defaultBounds)) {
      if (!entry.isFolder) await entry.read()
      entries += 1
    }
    return entries
  } catch (error) {
    expect(error).toBeInstanceOf(ArchiveError)
    expect(error).toMatchObject({ kind: 'damaged' })
    return (error as Error).message
  }
}

const parts = [
  { name: 'resources/', type: 'directory' },
  anItem('pods/namespaces/a/one'),
  anItem('pods/namespaces/a/two', 'x'.repeat(600)),
  anItem('pods/namespaces/a/even', 'y'.repeat(512)),
  anItem(`pods/namespaces/a/${'n'.repeat(250)}`),
  anItem('pods/namespaces/a/empty', ''),
] as const

/**
 * From how many bytes of that tar on Go 1.24 reads so many entries, and whether it says `unexpected EOF` then: recorded
 * from `archive/tar` over `compress/gzip`, read to the end as Velero does, for every length. A cut in the padding of a
 * file, or where a header is due, is none for Go.
 */
const recorded: readonly [bytes: number, entries: number, isCut: boolean][] = [
  [0, 0, false],
  [1, 0, true],
  [512, 1, false],
  [513, 1, true],
  [1056, 2, false],
  [1537, 2, true],
  [2648, 3, false],
  [3073, 3, true],
  [4096, 4, false],
  [4097, 4, true],
  [4901, 4, false],
  [5121, 4, true],
  [5911, 5, false],
  [6145, 5, true],
  [6656, 6, false],
  [6657, 6, true],
  [7168, 6, false],
  [7169, 6, true],
  [7680, 6, false],
]

describe('a tar that is cut off inside an intact gzip file', () => {
  let tar: Buffer
  beforeAll(async () => {
    tar = await aTar(parts)
  })

  it.each(recorded.map((row, index) => ({ row, next: recorded[index + 1] })))(
    'is read as by Go from byte $row.0 on',
    async ({ row: [from, entries, isCut], next }) => {
      const to = next?.[0] ?? tar.length + 1
      const expected = isCut ? 'unexpected EOF' : entries
      for (const bytes of new Set([from, (from + to) >> 1, to - 1])) {
        expect(await outcomeOf(tar.subarray(0, bytes))).toBe(expected)
      }
    },
  )

  it('is damaged, and never an outage, where a byte of a header has changed', async () => {
    for (let at = 0; at < 148; at += 7) {
      const changed = Buffer.from(tar)
      changed.writeUInt8(changed.readUInt8(512 + at) ^ 0x55, 512 + at)
      expect(await outcomeOf(changed)).toBe('archive/tar: invalid tar header')
    }
  })
})

/** What a tar holds when it comes in chunks of so many bytes. */
async function contentsOf(tar: Buffer, chunkBytes: number): Promise<string[]> {
  const chunks = Array.from({ length: Math.ceil(tar.length / chunkBytes) }, (_, index) =>
    tar.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  )
  const contents: string[] = []
  for await (const entry of readTar(Readable.from(chunks) as AsyncIterable<Buffer>, defaultBounds))
    contents.push(`${entry.path}: ${entry.isFolder ? 'folder' : (await entry.read()).toString()}`)
  return contents
}

describe('a tar that comes in chunks', () => {
  it('is the same wherever they end: in a header, a file, its padding or the end mark', async () => {
    const tar = await aTar(parts)
    const whole = await contentsOf(tar, tar.length)
    expect(whole).toHaveLength(parts.length)
    expect(whole[2]).toBe(`resources/pods/namespaces/a/two.json: ${'x'.repeat(600)}`)
    for (const chunkBytes of [1, 7, 100, 511, 512, 513, 600, 1024, 1500, 4096])
      expect(await contentsOf(tar, chunkBytes)).toEqual(whole)
  })

  it('ends at its end mark, though garbage follows it in the same chunk or in later ones', async () => {
    const tar = Buffer.concat([await aTar(parts), Buffer.alloc(3000, 'garbage')])
    for (const chunkBytes of [256, 1000, tar.length])
      expect(await contentsOf(tar, chunkBytes)).toHaveLength(parts.length)
  })
})
