import { readFile, readdir, stat, utimes, writeFile, mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StoreError } from '../../../core/store-error.ts'
import { key, names, startBench, watched, type Bench } from './archive-kit.ts'
import { aTarball, anItem } from './tarballs.ts'

let bench: Bench

beforeAll(async () => {
  bench = await startBench()
}, 30_000)

afterAll(() => bench.stop())

const fixture = (backup: string): Promise<Buffer> => readFile(`test/fixtures/backups/${backup}/${backup}.tar.gz`)
const folders = async (dir: string): Promise<string[]> => (await readdir(dir)).sort()

describe('genuine backups', () => {
  it('lists and reads all items of a backup that Velero wrote', async () => {
    const archive = await bench.openTarball(await fixture('full'))
    expect(archive.hasResources).toBe(true)
    expect(names(archive.entries)).toContain('persistentvolumeclaims@v1! shop-db/data-orders-0')
    const unversioned = archive.entries.filter(({ version }) => version === undefined)
    expect(unversioned).toHaveLength(archive.entries.length / 2)
    for (const entry of unversioned) {
      const { kind, metadata } = JSON.parse(await archive.read(entry))
      expect(kind).toBeTruthy()
      expect(metadata.name).toBe(entry.name)
      expect(metadata.namespace).toBe(entry.namespace)
    }
    await archive.close()
  })

  it('opens five thousand items in under a second, and stores the two copies of each once', async () => {
    await bench.store.put(key, await fixture('bulk5k'))
    const archives = await bench.archives()
    const begun = performance.now()
    const archive = await archives.open(bench.store, key, {})
    expect(performance.now() - begun).toBeLessThan(1_000)
    expect(archive.entries).toHaveLength(10_006)
    const stored = archive.entries.reduce((end, { offset, sizeBytes }) => Math.max(end, offset + sizeBytes), 0)
    expect(archive.entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(2 * stored)
    await archive.close()
  })
})

describe('sharing', () => {
  it('downloads a tarball once for concurrent and later openers', async () => {
    await bench.store.put(key, await fixture('shop'))
    const store = watched(bench.store)
    const archives = await bench.archives()
    const opened = await Promise.all(Array.from({ length: 8 }, () => archives.open(store, key, {})))
    await Promise.all(opened.map((archive) => archive.close()))
    const later = await archives.open(store, key, { etag: opened[0]!.etag })
    expect(await later.read(later.entries[0]!)).toContain('"kind"')
    expect(store.downloads).toBe(1)
  })

  it('finds what another process left in the folder, without a request for a pinned tarball', async () => {
    const first = await bench.archives()
    await bench.store.put(key, await fixture('shop'))
    const { etag } = await first.open(bench.store, key, {})
    const second = await bench.archives({ dir: first.dir })
    const away = {
      ...bench.store,
      head: () => Promise.reject(new Error('away')),
      stream: () => Promise.reject(new Error('away')),
    }
    expect((await second.open(away, key, { etag })).entries.length).toBe(150)
  })

  it('lets two processes build the same archive at once', async () => {
    await bench.store.put(key, await fixture('shop'))
    const one = await bench.archives()
    const two = await bench.archives({ dir: one.dir })
    const [a, b] = await Promise.all([one.open(bench.store, key, {}), two.open(bench.store, key, {})])
    expect(await a.read(a.entries[3]!)).toBe(await b.read(b.entries[3]!))
    expect(await folders(one.dir)).toHaveLength(1)
  })

  it('keeps folder and files from other users of the machine', async () => {
    await bench.store.put(key, await fixture('shop'))
    const archives = await bench.archives()
    await archives.open(bench.store, key, {})
    const [id] = await folders(archives.dir)
    const mode = async (...path: string[]) => (await stat(join(archives.dir, ...path))).mode & 0o777
    expect(await mode(id!)).toBe(0o700)
    expect(await mode(id!, 'items')).toBe(0o600)
    expect(await mode(id!, 'index')).toBe(0o600)
  })
})

describe('the wanted tarball', () => {
  it('fails as Velero does where there is none', async () => {
    const archives = await bench.archives()
    const opening =
      'error downloading backup: error copying Backup to temp file: rpc error: code = Unknown desc = error getting object backups/none.tar.gz: '
    for (const options of [{}, { etag: '"x"' }]) {
      const expected = { name: 'ArchiveError', kind: 'missing', message: expect.stringContaining(opening) }
      await expect(archives.open(bench.store, 'backups/none.tar.gz', options)).rejects.toMatchObject(expected)
    }
  })

  it('refuses another tarball than the pinned one and names both', async () => {
    await bench.store.put(key, await aTarball([anItem('pods/namespaces/a/one')]))
    const wanted = (await bench.store.head(key))!.etag
    await bench.store.put(key, await aTarball([anItem('pods/namespaces/a/two')]))
    const found = (await bench.store.head(key))!.etag
    const failure = expect((await bench.archives()).open(bench.store, key, { etag: wanted })).rejects
    await failure.toMatchObject({ kind: 'changed', message: expect.stringMatching(`${key}.*${found}.*${wanted}`) })
  })

  it('leaves trouble of the bucket a StoreError', async () => {
    await bench.store.put(key, await fixture('bulk5k'))
    const store = watched(bench.store, (source) => Readable.from(failAfter(source, 100_000)))
    const archives = await bench.archives()
    await expect(archives.open(store, key, {})).rejects.toMatchObject({ name: 'StoreError', kind: 'unreachable' })
    expect(await folders(archives.dir)).toEqual([])
  })
})

describe('cancel', () => {
  it('stops the download and leaves no half archive', async () => {
    await bench.store.put(key, await fixture('bulk5k'))
    const stream = new PassThrough()
    const store = watched(bench.store, (source) => {
      source.destroy()
      return stream
    })
    const archives = await bench.archives()
    const control = new AbortController()
    const opening = archives.open(store, key, { signal: control.signal })
    while (store.downloads === 0) await sleep(5)
    await sleep(20)
    control.abort(new Error('cancelled'))
    await expect(opening).rejects.toThrow('cancelled')
    await sleep(50)
    expect(stream.destroyed).toBe(true)
    expect(await folders(archives.dir)).toEqual([])
  })

  it('goes on for those who still wait', async () => {
    await bench.store.put(key, await fixture('shop'))
    const archives = await bench.archives()
    const control = new AbortController()
    const first = archives.open(bench.store, key, { signal: control.signal })
    const second = archives.open(bench.store, key, {})
    control.abort(new Error('cancelled'))
    await expect(first).rejects.toThrow('cancelled')
    expect((await second).entries).toHaveLength(150)
  })

  it('says each second that it is alive, also while nothing comes', async () => {
    await bench.store.put(key, await fixture('shop'))
    const stuck = new PassThrough()
    const store = watched(bench.store, (source) => {
      source.destroy()
      return stuck
    })
    const control = new AbortController()
    const beats: number[] = []
    const opening = (await bench.archives()).open(store, key, {
      signal: control.signal,
      onProgress: (n) => beats.push(n),
    })
    opening.catch(() => {})
    await sleep(2_300)
    control.abort()
    await expect(opening).rejects.toThrow()
    expect(beats).toEqual([0, 0])
  })
})

describe('damage', () => {
  it.each([
    ['index', (content: Buffer) => content.subarray(0, -100)],
    ['index', (content: Buffer) => Buffer.from(content.toString().replace('pods', 'pads'))],
    ['items', (content: Buffer) => content.subarray(0, -1)],
  ])('builds an archive anew where its %s is damaged', async (file, damage) => {
    await bench.store.put(key, await fixture('shop'))
    const before = await bench.archives()
    await (await before.open(bench.store, key, {})).close()
    const path = join(before.dir, (await folders(before.dir))[0]!, file)
    await writeFile(path, damage(await readFile(path)))
    const store = watched(bench.store)
    const archive = await (await bench.archives({ dir: before.dir })).open(store, key, {})
    expect(await archive.read(archive.entries[0]!)).toContain('shop-reader')
    expect(store.downloads).toBe(1)
  })

  it('tells a damaged item from a good one, and gives the next opener a fresh copy', async () => {
    await bench.store.put(key, await fixture('shop'))
    const archives = await bench.archives()
    const archive = await archives.open(bench.store, key, {})
    const path = join(archives.dir, (await folders(archives.dir))[0]!, 'items')
    const content = await readFile(path)
    content.writeUInt8(content.readUInt8(archive.entries[0]!.offset) ^ 1, archive.entries[0]!.offset)
    await writeFile(path, content)
    expect(await archive.read(archive.entries.at(-1)!)).toContain('"kind"')
    await expect(archive.read(archive.entries[0]!)).rejects.toMatchObject({
      name: 'ArchiveError',
      kind: 'damaged-cache',
    })
    const fresh = await archives.open(bench.store, key, {})
    expect(await fresh.read(fresh.entries[0]!)).toContain('shop-reader')
    await Promise.all([archive.close(), fresh.close()])
  })

  it('says what to do where the cache folder cannot be used', async () => {
    await bench.store.put(key, await fixture('shop'))
    const file = join(bench.dir, 'a-file')
    await writeFile(file, '')
    const archives = await bench.archives({ dir: join(file, 'cache') })
    await expect(archives.open(bench.store, key, {})).rejects.toMatchObject({ name: 'ArchiveError', kind: 'disk' })
  })
})

describe('room', () => {
  it('removes the archives that were unused the longest, never one that is open', async () => {
    const archives = await bench.archives({ cacheBytesMax: 250_000 })
    const text = (n: number) => String(n).repeat(100_000)
    const open = async (n: number) => {
      await bench.store.put(`backups/${n}`, await aTarball([anItem('pods/namespaces/a/p', text(n))]))
      const archive = await archives.open(bench.store, `backups/${n}`, {})
      await sleep(15)
      return archive
    }
    const one = await open(1)
    const two = await open(2)
    await two.close()
    const three = await open(3)
    await three.close()
    expect(await folders(archives.dir)).toHaveLength(2)
    expect(await one.read(one.entries[0]!)).toBe(text(1))
    const store = watched(bench.store)
    await (await archives.open(store, 'backups/1', {})).close()
    await (await archives.open(store, 'backups/3', {})).close()
    expect(store.downloads).toBe(0)
    await (await archives.open(store, 'backups/2', {})).close()
    expect(store.downloads).toBe(1)
    await one.close()
  })

  it('keeps the last one used although it exceeds the bound alone', async () => {
    const archives = await bench.archives({ cacheBytesMax: 10 })
    await bench.store.put(key, await aTarball([anItem('pods/namespaces/a/p')]))
    const store = watched(bench.store)
    for (let n = 0; n < 3; n++) await (await archives.open(store, key, {})).close()
    expect(store.downloads).toBe(1)
  })

  it('clears away what a process that died was building, and nothing else', async () => {
    const archives = await bench.archives()
    const dead = `building-${hostname()}-4194303-aaaaaaaaaaaa`
    const young = `building-${hostname()}-4194303-bbbbbbbbbbbb`
    const elsewhere = 'building-other-host-1-cccccccccccc'
    for (const name of [dead, young, elsewhere]) await mkdir(join(archives.dir, name), { recursive: true })
    const old = new Date(Date.now() - 120_000)
    for (const name of [dead, elsewhere]) await utimes(join(archives.dir, name), old, old)
    await bench.store.put(key, await aTarball([anItem('pods/namespaces/a/p')]))
    await archives.open(bench.store, key, {})
    const left = await folders(archives.dir)
    expect(left).not.toContain(dead)
    expect(left).toEqual(expect.arrayContaining([young, elsewhere]))
  })
})

async function* failAfter(source: Readable, bytes: number): AsyncGenerator<Buffer> {
  let seen = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    seen += chunk.length
    if (seen > bytes) throw new StoreError('unreachable', 'line cut')
    yield chunk
  }
}
