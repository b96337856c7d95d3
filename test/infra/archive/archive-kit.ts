import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Archive, ArchiveEntry } from '../../../activities/archive-port.ts'
import type { Log, ObjectStore } from '../../../activities/ports.ts'
import { createArchives, type ArchivesOptions } from '../../../infra/archive/archives.ts'
import { createStores } from '../../../infra/store/open-store.ts'
import { aLocation, credentialsSecret, startS3, type S3Server } from '../store/start-s3.ts'

export const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A real bucket and a cache folder. */
export interface Bench {
  s3: S3Server
  store: ObjectStore
  dir: string
  /** Archives over a cache folder: a fresh one each time unless `dir` is given. */
  archives(options?: Partial<ArchivesOptions>): Promise<ReturnType<typeof createArchives> & { dir: string }>
  /** Puts a tarball and opens it in a fresh cache. */
  openTarball(tarball: Buffer, options?: Partial<ArchivesOptions>): Promise<Archive>
  stop(): Promise<void>
}

export const key = 'backups/b/b.tar.gz'

export async function startBench(): Promise<Bench> {
  const s3 = await startS3()
  await s3.createBucket('backups')
  const cluster = { get: () => Promise.resolve(credentialsSecret(s3)) }
  const store = await createStores({ cluster, veleroNamespace: 'velero', env: {} }).open(aLocation(s3, 'backups'))
  const dir = await mkdtemp(join(tmpdir(), 'drydock-archives-'))
  let folders = 0
  const opened: Archive[] = []
  const archives: Bench['archives'] = async (options = {}) => {
    const folder = options.dir ?? join(dir, `cache-${folders++}`)
    const real = createArchives({ dir: folder, cacheBytesMax: 1e9, log: silent, ...options })
    const open: typeof real.open = async (...request) => {
      const archive = await real.open(...request)
      opened.push(archive)
      return archive
    }
    return { dir: folder, open }
  }
  return {
    s3,
    store,
    dir,
    archives,
    openTarball: async (tarball, options) => {
      await store.put(key, tarball)
      return (await archives(options)).open(store, key, {})
    },
    stop: async () => {
      await Promise.all(opened.map((archive) => archive.close()))
      await s3.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** `<gr>[@version[!]][ ns]/name` of each entry, in order. */
export function names(entries: Iterable<ArchiveEntry>): string[] {
  return [...entries].map(({ groupResource, version, preferred, namespace, name }) => {
    const folder = version === undefined ? '' : `@${version}${preferred === true ? '!' : ''}`
    return `${groupResource}${folder}${namespace === undefined ? '' : ` ${namespace}`}/${name}`
  })
}

/** A store that counts downloads, and hands out what `body` makes of the real stream. */
export function watched(
  store: ObjectStore,
  body: (source: Readable) => Readable = (source) => source,
): ObjectStore & { downloads: number } {
  const watching: ObjectStore & { downloads: number } = {
    ...store,
    downloads: 0,
    stream: async (objectKey, options) => {
      watching.downloads++
      const found = await store.stream(objectKey, options)
      return { ...found, body: body(found.body) }
    },
  }
  return watching
}
