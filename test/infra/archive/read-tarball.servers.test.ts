import * as fc from 'fast-check'
import { posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cleanArchivePath } from '../../../infra/archive/archive-path.ts'
import { names, startBench, type Bench } from './archive-kit.ts'
import { aTar, aTarball, anItem, type TarPart } from './tarballs.ts'

let bench: Bench

beforeAll(async () => {
  bench = await startBench()
})

afterAll(() => bench.stop())

const one = anItem('pods/namespaces/a/one')

async function open(parts: readonly TarPart[]) {
  return bench.openTarball(await aTarball(parts))
}

describe('paths', () => {
  it('sorts by the bytes of file names', async () => {
    const paths = [
      'pods/namespaces/a/a',
      'pods/namespaces/a/a-b',
      'pods/namespaces/a/a.b',
      'pods/namespaces/B/z',
      'nodes/cluster/n',
    ]
    const { entries } = await open(paths.map((path) => anItem(path)))
    expect(names(entries)).toEqual(['nodes/n', 'pods B/z', 'pods a/a-b', 'pods a/a.b', 'pods a/a'])
  })

  it('tells versions, and puts the default copy first', async () => {
    const paths = [
      'd.apps/v1beta1/cluster/x',
      'd.apps/v1-preferredversion/cluster/x',
      'd.apps/cluster/x',
      'd.apps/v1/namespaces/cluster/x',
    ]
    const { entries } = await open(paths.map((path) => anItem(path)))
    expect(names(entries)).toEqual(['d.apps/x', 'd.apps@v1 cluster/x', 'd.apps@v1!/x', 'd.apps@v1beta1/x'])
  })

  it('takes an absolute path for one inside', async () => {
    const { entries } = await open([{ name: '/resources//pods/./namespaces/a/x/../one.json', text: '{}' }])
    expect(names(entries)).toEqual(['pods a/one'])
  })

  it.each(['../x', '/../x', 'a/../../x', 'resources/pods/../../../etc/passwd'])('refuses %s', async (name) => {
    const message = `invalid archive path "${name}": escapes target directory`
    await expect(open([one, { name, text: 'x' }])).rejects.toMatchObject({
      name: 'ArchiveError',
      kind: 'escape',
      message,
    })
    await expect(open([one, { name, type: 'symlink', linkname: '/' }])).rejects.toMatchObject({ kind: 'escape' })
  })

  it('passes over files that are no items', async () => {
    const stray = [
      'resources/x',
      'resources/pods/x.json',
      'resources/pods/namespaces/a/x.txt',
      'resources/pods/cluster/a/b.json',
      'metadata/version',
    ]
    const { entries } = await open([...stray.map((name) => ({ name, text: 'x' })), one])
    expect(names(entries)).toEqual(['pods a/one'])
  })

  it('neither follows nor lists links and devices', async () => {
    const links = (['symlink', 'link', 'character-device', 'block-device', 'fifo'] as const).map((type) => ({
      name: `resources/pods/cluster/${type}.json`,
      type,
      linkname: '/etc/passwd',
    }))
    expect(names((await open([...links, one])).entries)).toEqual(['pods a/one'])
  })

  it('keeps long names', async () => {
    const name = 'n'.repeat(250)
    expect((await open([anItem(`pods/namespaces/a/${name}`)])).entries.at(0)?.name).toBe(name)
  })

  it('cleans a path as a file system does, or refuses it', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'resources', 'b.json')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const raw = parts.join('/')
        const target = posix.join('/top/dir', raw)
        if (target === '/top/dir' || target.startsWith('/top/dir/')) {
          // Leading out and in again by the very name of the folder is the only case where the two differ.
          expect(posix.join('/top/dir', cleanArchivePath(raw)).replace(/\/$/, '')).toBe(target.replace(/\/$/, ''))
        } else expect(() => cleanArchivePath(raw)).toThrow('escapes target directory')
      }),
    )
  })
})

describe('contents', () => {
  it('lets the last of two files with one name count', async () => {
    const archive = await open([anItem('pods/namespaces/a/x', 'first'), one, anItem('pods/namespaces/a/x', 'last')])
    expect(await Promise.all([...archive.entries].map((entry) => archive.read(entry)))).toEqual([one.text, 'last'])
  })

  it('reads empty items', async () => {
    const archive = await open([anItem('pods/namespaces/a/e', ''), one])
    expect(await archive.read(archive.entries.at(0)!)).toBe('')
  })

  it('says whether there is a folder of resources', async () => {
    expect((await open([{ name: 'metadata/version', text: '1' }])).hasResources).toBe(false)
    expect((await open([{ name: 'resources', text: 'a file' }])).hasResources).toBe(false)
    expect((await open([{ name: 'resources/', type: 'directory' }])).hasResources).toBe(true)
    expect((await open([])).hasResources).toBe(false)
  })

  it('gives back every archive as it was written', async () => {
    const name = fc.stringMatching(/^[a-z0-9.é𝔸-]{1,12}$/u)
    const item = fc.record({
      ns: fc.constantFrom('a', 'b-c', 'b'),
      name,
      text: fc.string({ unit: 'binary', maxLength: 3_000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 40 }), async (items) => {
        const archive = await open(items.map(({ ns, name, text }) => anItem(`pods/namespaces/${ns}/${name}`, text)))
        const wanted = new Map(items.map(({ ns, name, text }) => [`pods ${ns}/${name}`, Buffer.from(text).toString()]))
        const listed = names(archive.entries)
        expect([...listed].sort()).toEqual([...wanted.keys()].sort())
        for (const [n, entry] of [...archive.entries].entries())
          expect(await archive.read(entry)).toBe(wanted.get(listed[n]!))
        await archive.close()
      }),
      { numRuns: 25 },
    )
  })
})

describe('bad tarballs', () => {
  const failing = (tarball: Buffer, options = {}) => expect(bench.openTarball(tarball, options)).rejects

  it('is no gzip', async () => {
    const expected = { name: 'ArchiveError', kind: 'damaged', message: 'gzip: invalid header' }
    await failing(Buffer.from('this is plain text, not gzip')).toMatchObject(expected)
    await failing(await aTar([one])).toMatchObject(expected)
  })

  it('is empty', async () => {
    await failing(Buffer.alloc(0)).toMatchObject({ kind: 'damaged', message: 'EOF' })
  })

  it('ends early, in the zip or in the tar', async () => {
    const expected = { kind: 'damaged', message: 'unexpected EOF' }
    const noise = Array.from({ length: 20_000 }, (_, n) => ((n * 2_654_435_761) >>> 7).toString(36)).join('')
    const parts = [one, anItem('pods/namespaces/a/two', noise)]
    const tarball = await aTarball(parts)
    await failing(tarball.subarray(0, 5)).toMatchObject(expected)
    await failing(tarball.subarray(0, tarball.length >> 1)).toMatchObject(expected)
    const tar = await aTar(parts)
    await failing(gzipSync(tar.subarray(0, 520))).toMatchObject(expected)
    await failing(gzipSync(tar.subarray(0, 100))).toMatchObject(expected)
  })

  it('has a broken header', async () => {
    const expected = { kind: 'damaged', message: 'archive/tar: invalid tar header' }
    const tar = await aTar([one, anItem('pods/namespaces/a/two')])
    tar.write('garbage', 1024 + 3)
    await failing(gzipSync(tar)).toMatchObject(expected)
    const halfEnd = Buffer.concat([(await aTar([one])).subarray(0, 1024 + 512), await aTar([one])])
    await failing(gzipSync(halfEnd)).toMatchObject(expected)
  })

  it('has damaged data', async () => {
    const tarball = await aTarball([one])
    tarball.writeUInt8(tarball.readUInt8(tarball.length - 8) ^ 1, tarball.length - 8)
    await failing(tarball).toMatchObject({ name: 'ArchiveError', message: 'gzip: invalid checksum' })
  })

  it('is stopped at each bound, which is named with its value and setting', async () => {
    const bomb = await aTarball([{ name: 'padding', text: Buffer.alloc(30_000_000) }])
    const message = expect.stringMatching(/1,000,000.*inflatedBytesMax/)
    await failing(bomb, { inflatedBytesMax: 1_000_000 }).toMatchObject({ kind: 'too-big', message })
    const afterEnd = gzipSync(Buffer.concat([await aTar([one]), Buffer.alloc(30_000_000)]))
    await failing(afterEnd, { inflatedBytesMax: 1_000_000 }).toMatchObject({ kind: 'too-big' })
    const many = await aTarball(Array.from({ length: 11 }, (_, n) => anItem(`pods/namespaces/a/${n}`)))
    await failing(many, { entriesMax: 10 }).toMatchObject({
      kind: 'too-big',
      message: expect.stringMatching(/10, .*entriesMax/),
    })
    const large = await aTarball([anItem('pods/namespaces/a/x', 'x'.repeat(1_001))])
    await failing(large, { itemBytesMax: 1_000 }).toMatchObject({
      kind: 'too-big',
      message: expect.stringMatching(/1,000.*itemBytesMax/),
    })
    const deep = await aTarball([{ name: `resources/${'d/'.repeat(2_100)}x.json`, text: '{}' }])
    await failing(deep).toMatchObject({ kind: 'too-big', message: expect.stringContaining('4,096 bytes') })
  })
})

describe('what follows the end of the archive', () => {
  const listed = async (tarball: Buffer) => names((await bench.openTarball(tarball)).entries)

  it('joins members of one gzip file', async () => {
    const tar = await aTar([one, anItem('pods/namespaces/a/two')])
    expect(await listed(Buffer.concat([gzipSync(tar.subarray(0, 777)), gzipSync(tar.subarray(777))]))).toEqual([
      'pods a/one',
      'pods a/two',
    ])
  })

  it('ends at the mark, as Velero does, whatever comes behind it', async () => {
    const tarball = await aTarball([one])
    expect(await listed(Buffer.concat([tarball, await aTarball([anItem('pods/namespaces/a/two')])]))).toEqual([
      'pods a/one',
    ])
    expect(await listed(Buffer.concat([tarball, Buffer.from('trailing garbage')]))).toEqual(['pods a/one'])
    expect(await listed(Buffer.concat([tarball, Buffer.from([0x1f, 0x8b, 1, 2, 3])]))).toEqual(['pods a/one'])
    expect(await listed(tarball.subarray(0, -4))).toEqual(['pods a/one'])
  })

  it('needs no mark', async () => {
    const tar = await aTar([one])
    expect(await listed(gzipSync(tar.subarray(0, -1024)))).toEqual(['pods a/one'])
    expect(await listed(gzipSync(tar.subarray(0, -512)))).toEqual(['pods a/one'])
  })
})
