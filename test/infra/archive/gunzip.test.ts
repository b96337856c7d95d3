import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { gunzip } from '../../../infra/archive/gunzip.ts'

async function unzip(chunks: Buffer[], inflatedBytesMax = 1e9): Promise<{ text: string; failure?: string }> {
  const out: Buffer[] = []
  try {
    for await (const chunk of gunzip(Readable.from(chunks), { inflatedBytesMax })) out.push(chunk)
    return { text: Buffer.concat(out).toString() }
  } catch (error) {
    return { text: Buffer.concat(out).toString(), failure: (error as Error).message }
  }
}

const members = Buffer.concat([gzipSync('first,'), gzipSync(''), gzipSync('second')])

describe('unzipping a tarball', () => {
  it('joins members wherever the chunks are cut', async () => {
    for (let cut = 0; cut <= members.length; cut++) {
      expect(await unzip([members.subarray(0, cut), members.subarray(cut)])).toEqual({ text: 'first,second' })
    }
    expect(await unzip(Array.from(members, (byte) => Buffer.from([byte])))).toEqual({ text: 'first,second' })
  })

  it('gives all that it could unzip before it fails, wherever the file ends', async () => {
    const file = gzipSync('first,')
    for (let end = 1; end < file.length; end++) {
      const { text, failure } = await unzip([file.subarray(0, end)])
      expect(failure).toBe('unexpected EOF')
      if (end >= file.length - 8) expect(text).toBe('first,')
    }
    expect(await unzip([file, Buffer.from('garbage and more')])).toEqual({
      text: 'first,',
      failure: 'gzip: invalid header',
    })
  })

  it('passes over name, comment, extra field and checksum of a header', async () => {
    const plain = gzipSync('text')
    const header = Buffer.from(plain.subarray(0, 10))
    header.writeUInt8(2 + 4 + 8 + 16, 3)
    const fields = Buffer.concat([Buffer.from([3, 0, 1, 2, 3]), Buffer.from('name\0comment\0'), Buffer.from([1, 2])])
    expect(await unzip([header, fields, plain.subarray(10)])).toEqual({ text: 'text' })
  })

  it('tells damaged data', async () => {
    const damaged = gzipSync('a text that is long enough to be packed, packed, packed and packed')
    damaged.writeUInt8(0b111, 10)
    expect((await unzip([damaged])).failure).toMatch(/^flate: corrupt input/)
  })

  it('stops a zip bomb while it is streaming, with little memory', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000), { level: 1 })
    const before = process.memoryUsage().rss
    let seen = 0
    const source = Readable.from([bomb])
    const reading = (async () => {
      for await (const chunk of gunzip(source, { inflatedBytesMax: 50_000_000 })) seen += chunk.length
    })()
    await expect(reading).rejects.toMatchObject({ kind: 'too-big' })
    expect(seen).toBeLessThanOrEqual(50_000_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(120_000_000)
    expect(source.destroyed).toBe(true)
  })
})
