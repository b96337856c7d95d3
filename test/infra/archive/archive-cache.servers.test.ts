import { mkdir, readFile, readdir, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { key, startBench, watched, type Bench } from './archive-kit.ts'
import { aTarball, anItem } from './tarballs.ts'

let bench: Bench

beforeAll(async () => {
  bench = await startBench()
})

afterAll(() => bench.stop())

const fixture = (backup: string): Promise<Buffer> => readFile(`test/fixtures/backups/${backup}/${backup}.tar.gz`)
const folders = async (dir: string): Promise<string[]> => (await readdir(dir)).sort()

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
    expect(await archive.read(archive.entries.at(0)!)).toContain('shop-reader')
    expect(store.downloads).toBe(1)
  })

  it('tells a damaged item from a good one, and gives the next opener a fresh copy', async () => {
    await bench.store.put(key, await fixture('shop'))
    const archives = await bench.archives()
    const archive = await archives.open(bench.store, key, {})
    const path = join(archives.dir, (await folders(archives.dir))[0]!, 'items')
    const content = await readFile(path)
    content.writeUInt8(content.readUInt8(archive.entries.at(0)!.offset) ^ 1, archive.entries.at(0)!.offset)
    await writeFile(path, content)
    expect(await archive.read(archive.entries.at(archive.entries.length - 1)!)).toContain('"kind"')
    await expect(archive.read(archive.entries.at(0)!)).rejects.toMatchObject({
      name: 'ArchiveError',
      kind: 'damaged-cache',
    })
    const fresh = await archives.open(bench.store, key, {})
    expect(await fresh.read(fresh.entries.at(0)!)).toContain('shop-reader')
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
    expect(await one.read(one.entries.at(0)!)).toBe(text(1))
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
