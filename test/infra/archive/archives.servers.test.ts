import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StoreError } from '../../../core/port-errors.ts'
import { key, names, startBench, watched, type Bench } from './archive-kit.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { aTarball, anItem } from './tarballs.ts'

let bench: Bench

beforeAll(async () => {
  bench = await startBench()
})

afterAll(() => bench.stop())

const fixture = (backup: string): Promise<Buffer> => readFile(`test/fixtures/backups/${backup}/${backup}.tar.gz`)
const folders = async (dir: string): Promise<string[]> => (await readdir(dir)).sort()

describe('genuine backups', () => {
  it('lists and reads all items of a backup that Velero wrote', async () => {
    const archive = await bench.openTarball(await fixture('full'))
    expect(archive.hasResources).toBe(true)
    expect(names(archive.entries)).toContain('persistentvolumeclaims@v1! shop-db/data-orders-0')
    const unversioned = [...archive.entries].filter(({ version }) => version === undefined)
    expect(unversioned).toHaveLength(archive.entries.length / 2)
    for (const entry of unversioned) {
      const { kind, metadata } = JSON.parse(await archive.read(entry))
      expect(kind).toBeTruthy()
      expect(metadata.name).toBe(entry.name)
      expect(metadata.namespace).toBe(entry.namespace)
    }
    await archive.close()
  })

  it('stores the two copies of each item once', async () => {
    const archive = await bench.openTarball(await fixture('bulk5k'))
    expect(archive.entries).toHaveLength(10_006)
    const stored = [...archive.entries].reduce((end, { offset, sizeBytes }) => Math.max(end, offset + sizeBytes), 0)
    expect([...archive.entries].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(2 * stored)
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
    expect(await later.read(later.entries.at(0)!)).toContain('"kind"')
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
    expect(await a.read(a.entries.at(3)!)).toBe(await b.read(b.entries.at(3)!))
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
    await waitUntil(() => stream.destroyed, 10_000, 'the end of the download')
    await waitUntil(async () => (await folders(archives.dir)).length === 0, 10_000, 'the half archive to go')
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
    const begun = performance.now()
    const opening = (await bench.archives()).open(store, key, {
      signal: control.signal,
      onProgress: (n) => beats.push(n),
    })
    opening.catch(() => {})
    await waitUntil(() => beats.length >= 2, 10_000, 'two signs of life')
    const seconds = (performance.now() - begun) / 1000
    control.abort()
    await expect(opening).rejects.toThrow()
    expect(new Set(beats)).toEqual(new Set([0]))
    expect(beats.length).toBeLessThanOrEqual(seconds + 0.1)
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
