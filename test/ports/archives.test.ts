import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Archives, ObjectStore } from '../../activities/ports.ts'
import { createArchives as createRealArchives } from '../../infra/archive/archives.ts'
import { aLocation } from '../infra/store/start-s3.ts'
import { tarball } from '../kit/backups/tarball.ts'
import { archiveBody, createArchives } from './archives.ts'
import type { ArchivedItem } from './archives.ts'
import { createBuckets } from './bucket/bucket.ts'
import { createLog } from './log.ts'

const key = 'backups/b/b.tar.gz'
const dir = mkdtempSync(join(tmpdir(), 'drydock-archives-in-memory-'))
afterAll(() => rmSync(dir, { recursive: true }))

const named = (kind: string, name: string, namespace?: string) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
})

const items: readonly ArchivedItem[] = [
  { groupResource: 'configmaps', manifest: named('ConfigMap', 'b', 'shop') },
  { groupResource: 'configmaps', manifest: named('ConfigMap', 'a.b', 'shop') },
  { groupResource: 'configmaps', manifest: named('ConfigMap', 'a', 'shop-2') },
  { groupResource: 'configmaps', manifest: { namespace: 'shop', name: 'broken', text: '{"no' } },
  { groupResource: 'deployments.apps', version: 'v1', preferred: true, manifest: named('Deployment', 'web', 'shop') },
  { groupResource: 'deployments.apps', manifest: named('Deployment', 'web', 'shop') },
  { groupResource: 'namespaces', manifest: named('Namespace', 'shop') },
]

/** The same list as the tarball that Velero would write of it. */
function tarballOf(list: readonly ArchivedItem[]): Promise<Buffer> {
  return tarball(
    list.map(({ groupResource, version, preferred, manifest }) => {
      const { namespace, name } = 'text' in manifest ? manifest : (manifest as ReturnType<typeof named>).metadata
      const folder = version === undefined ? '' : `${version}${preferred === true ? '-preferredversion' : ''}/`
      const scope = namespace === undefined ? 'cluster' : `namespaces/${namespace as string}`
      const text = 'text' in manifest ? (manifest.text as string) : JSON.stringify(manifest)
      return { name: `resources/${groupResource}/${folder}${scope}/${name as string}.json`, text }
    }),
  )
}

describe.each([
  {
    which: 'a list of items',
    open: (): Archives => createArchives(),
    body: async (list: readonly ArchivedItem[]) => archiveBody(list, { hasResources: list.length > 0 }),
  },
  {
    which: 'a tarball on disk',
    open: (): Archives => createRealArchives({ dir, cacheBytesMax: 1e9, log: createLog() }),
    body: async (list: readonly ArchivedItem[]) =>
      list.length > 0 ? tarballOf(list) : tarball([{ name: 'metadata/version', text: '1.1.0' }]),
  },
])('an archive that is $which', ({ open, body }) => {
  let store: ObjectStore
  beforeEach(async () => {
    const buckets = createBuckets()
    buckets.make('backups')
    store = await buckets.open(aLocation({ url: 'http://127.0.0.1:9000' }, 'backups'))
  })

  it('has its items by resource, version, namespace and name as bytes, and their texts', async () => {
    await store.put(key, await body(items))
    const archive = await open().open(store, key, {})
    expect(archive.hasResources).toBe(true)
    expect(archive.etag).toBe((await store.head(key))?.etag)
    const shown = [...archive.entries].map(({ offset: _offset, sizeBytes: _size, ...entry }) => entry)
    expect(shown).toEqual([
      { groupResource: 'configmaps', namespace: 'shop', name: 'a.b' },
      { groupResource: 'configmaps', namespace: 'shop', name: 'b' },
      { groupResource: 'configmaps', namespace: 'shop', name: 'broken' },
      { groupResource: 'configmaps', namespace: 'shop-2', name: 'a' },
      { groupResource: 'deployments.apps', namespace: 'shop', name: 'web' },
      { groupResource: 'deployments.apps', version: 'v1', preferred: true, namespace: 'shop', name: 'web' },
      { groupResource: 'namespaces', name: 'shop' },
    ])
    expect(shown.map((item) => archive.entries.placeOf(item))).toEqual([...shown.keys()])
    expect(archive.entries.placeOf({ groupResource: 'configmaps', name: 'b' })).toBe(-1)
    expect(archive.entries.folders.map(({ from, to }) => [from, to])).toEqual([
      [0, 3],
      [3, 4],
      [4, 5],
      [5, 6],
      [6, 7],
    ])
    const texts = await Promise.all([...archive.entries].map((entry) => archive.read(entry)))
    expect(texts[2]).toBe('{"no')
    expect(JSON.parse(texts[6] ?? '')).toEqual(named('Namespace', 'shop'))
    expect([...archive.entries].map(({ sizeBytes }) => sizeBytes)).toEqual(texts.map((text) => Buffer.byteLength(text)))
    await archive.close()
  })

  it('tells that it has no resources', async () => {
    await store.put(key, await body([]))
    const archive = await open().open(store, key, {})
    expect([archive.hasResources, [...archive.entries]]).toEqual([false, []])
    await archive.close()
  })

  it('is missing, or another one than the plan was made from', async () => {
    const missing = /^error downloading backup: error copying Backup to temp file: rpc error: .*NoSuchKey/
    const expected = { name: 'ArchiveError', kind: 'missing', message: expect.stringMatching(missing) }
    await expect(open().open(store, key, {})).rejects.toMatchObject(expected)
    await store.put(key, await body(items))
    await expect(open().open(store, key, { etag: '"other"' })).rejects.toMatchObject({
      name: 'ArchiveError',
      kind: 'changed',
      message: `the tarball ${key} was replaced since the restore began: its ETag is ${(await store.head(key))?.etag}, wanted is "other"`,
    })
  })
})
