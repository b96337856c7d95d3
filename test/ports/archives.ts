import type { Archive, ArchiveEntries, ArchiveEntry, ArchiveFolder } from '../../activities/archive-port.ts'
import type { Archives, ObjectStore } from '../../activities/ports.ts'
import { StoreError } from '../../core/port-errors.ts'
import { changedTarball, missingTarball } from '../../infra/archive/fetch-archive.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'

/** One item of a backup, at its place in the archive. */
export interface ArchivedItem {
  groupResource: GroupResource
  /** A version folder; absent for the copy that is restored by default. */
  version?: string
  preferred?: boolean
  /** The object, or the text in its file, where that is no object. */
  manifest: Manifest | { namespace?: string; name: string; text: string }
}

/** What stands in the bucket in place of a tarball. */
export function archiveBody(items: readonly ArchivedItem[], { hasResources = true } = {}): Buffer {
  return Buffer.from(JSON.stringify({ hasResources, items }))
}

/** Archives that are lists of items in the bucket, see {@link archiveBody}: no tarball, no disk. */
export function createArchives(): Archives {
  return {
    async open(store, key, { etag, signal }) {
      signal?.throwIfAborted()
      const { body, etag: found } = await fetchBody(store, key, etag)
      if (last?.body !== body || last.archive.etag !== found) last = { body, archive: parseArchive(body, found) }
      return last.archive
    },
  }
}

/** The archive that was opened last, in any world: crash tests open one thousands of times, and nothing changes it. */
let last: { body: string; archive: Archive } | undefined

function parseArchive(body: string, etag: string): Archive {
  const { hasResources, items } = JSON.parse(body) as { hasResources: boolean; items: ArchivedItem[] }
  return archiveOf(items, hasResources, etag)
}

async function fetchBody(store: ObjectStore, key: string, etag: string | undefined) {
  try {
    const { info, body } = await store.stream(key, etag === undefined ? {} : { etag })
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(chunk as Buffer)
    return { body: Buffer.concat(chunks).toString('utf8'), etag: info.etag }
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown
    if (thrown.kind === 'missing') throw missingTarball(thrown)
    if (thrown.kind !== 'changed') throw thrown
    throw changedTarball(key, etag ?? '', (await store.head(key))?.etag ?? 'none')
  }
}

function archiveOf(items: readonly ArchivedItem[], hasResources: boolean, etag: string): Archive {
  const texts: string[] = []
  const entries = items.map(({ groupResource, version, preferred, manifest }): ArchiveEntry => {
    const { namespace, name } = 'text' in manifest ? manifest : (manifest as Manifest).metadata
    const text = 'text' in manifest ? (manifest.text as string) : JSON.stringify(manifest)
    return {
      groupResource,
      ...(version === undefined ? {} : { version }),
      ...(preferred === true ? { preferred } : {}),
      ...(namespace === undefined ? {} : { namespace: namespace as string }),
      name: name as string,
      offset: texts.push(text) - 1,
      sizeBytes: Buffer.byteLength(text),
    }
  })
  return {
    etag,
    hasResources,
    entries: inMemory(entries.sort(inOrder)),
    read: async ({ offset }) => texts[offset] ?? '',
    close: async () => {},
  }
}

function inMemory(entries: readonly ArchiveEntry[]): ArchiveEntries {
  const placesOf = new Map(entries.map((entry, place) => [namesOf(entry), place]))
  const folders: ArchiveFolder[] = []
  for (const [place, { name: _name, offset: _offset, sizeBytes: _size, ...entry }] of entries.entries()) {
    const last = folders.at(-1)
    const isSame = last !== undefined && namesOf({ ...last, name: '' }) === namesOf({ ...entry, name: '' })
    if (isSame && last.preferred === entry.preferred) last.to = place + 1
    else folders.push({ ...entry, from: place, to: place + 1 })
  }
  return {
    length: entries.length,
    folders,
    at: (place) => (place < 0 ? undefined : entries[place]),
    placeOf: (item) => placesOf.get(namesOf(item)) ?? -1,
    [Symbol.iterator]: () => entries[Symbol.iterator](),
  }
}

function namesOf({ groupResource, version = '', namespace = '', name }: Omit<ArchiveEntry, 'offset' | 'sizeBytes'>) {
  return [groupResource, version, namespace, name].join('\0')
}

function inOrder(a: ArchiveEntry, b: ArchiveEntry): number {
  return Buffer.compare(Buffer.from(namesOf(a)), Buffer.from(namesOf(b)))
}
