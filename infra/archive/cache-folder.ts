import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../../activities/ports.ts'
import { ArchiveError } from '../../core/port-errors.ts'

/** One complete archive on the disk. */
export interface CachedArchive {
  id: string
  sizeBytes: number
  usedAt: number
}

/** Where an archive stands. */
export function archiveFolder(dir: string, id: string): string {
  return join(dir, id)
}

/**
 * Makes the cache folder, and makes sure that nobody else can read or plant archives in it (rule 10): it is a folder of this
 * user, not a link, with mode 0700. Throws `ArchiveError` of kind `disk` where somebody else was there first.
 */
export async function secureFolder(dir: string, uid: number | undefined = process.getuid?.()): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const found = await lstat(dir)
  if (!found.isDirectory()) throw unsafe(dir, 'is a link or a file')
  if (uid === undefined) return
  if (found.uid !== uid) throw unsafe(dir, `belongs to user ${found.uid}, and this worker runs as user ${uid}`)
  if ((found.mode & 0o777) !== 0o700) await chmod(dir, 0o700)
}

function unsafe(dir: string, why: string): ArchiveError {
  return new ArchiveError(
    'disk',
    `the archive cache is not used, since ${dir} ${why}: remove it, or set DRYDOCK_ARCHIVE_DIR to another folder`,
  )
}

/** Makes a folder for an archive to be built in. Only a complete one gets its final name: see {@link publishFolder}. */
export async function createWorkFolder(dir: string): Promise<string> {
  await secureFolder(dir)
  const name = `${workPrefix}${hostname()}-${process.pid}-${randomBytes(6).toString('hex')}`
  live.add(name)
  await mkdir(join(dir, name), { mode: 0o700 })
  return join(dir, name)
}

/** Says, to other processes too, that the folder is still being worked in. */
export async function touchFolder(folder: string): Promise<void> {
  const now = new Date()
  await utimes(folder, now, now).catch(() => {})
}

/** Gives a finished folder its name. Where another process was faster, its copy stays and ours goes. */
export async function publishFolder(dir: string, work: string, id: string): Promise<void> {
  try {
    await rename(work, archiveFolder(dir, id))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  } finally {
    await dropWorkFolder(work)
  }
}

/** Removes what was being built; nothing of it can be taken for an archive. */
export async function dropWorkFolder(work: string): Promise<void> {
  await rm(work, { recursive: true, force: true })
  live.delete(nameOf(work))
}

/** Removes an archive. It loses its name first, so that nobody opens the half of it; who has it open may read on. */
export async function removeArchive(dir: string, id: string): Promise<void> {
  const grave = await createWorkFolder(dir)
  await rename(archiveFolder(dir, id), join(grave, id)).catch(() => {})
  await dropWorkFolder(grave)
}

/** All complete archives, the one unused for the longest time first. */
export async function listArchives(dir: string): Promise<CachedArchive[]> {
  const names = (await readNames(dir)).filter((name) => /^[0-9a-f]{64}$/.test(name))
  const found = await Promise.all(names.map((id) => measure(dir, id)))
  return found.sort((a, b) => a.usedAt - b.usedAt)
}

/** Removes what processes that are no more were building. */
export async function cleanWorkFolders(dir: string): Promise<void> {
  for (const name of await readNames(dir)) {
    if (!name.startsWith(workPrefix) || live.has(name)) continue
    const facts = await stat(join(dir, name)).catch(() => undefined)
    const idleMs = Date.now() - (facts?.mtimeMs ?? Date.now())
    if (idleMs > (isOfDeadProcess(name) ? 60_000 : 3_600_000))
      await rm(join(dir, name), { recursive: true, force: true })
  }
}

const workPrefix = 'building-'

/** What this process works in: in a container each process has the number of the one that died before it. */
const live = new Set<string>()

function isOfDeadProcess(name: string): boolean {
  const [, host, pid] = /^building-(.*)-(\d+)-[0-9a-f]+$/.exec(name) ?? []
  if (host !== hostname()) return false
  if (Number(pid) === process.pid) return true
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** One with a part missing is of no use, and so the first to go. */
async function measure(dir: string, id: string): Promise<CachedArchive> {
  try {
    const [items, index] = await Promise.all([stat(join(dir, id, 'items')), stat(join(dir, id, 'index'))])
    return { id, sizeBytes: items.size + index.size, usedAt: index.mtimeMs }
  } catch {
    return { id, sizeBytes: 0, usedAt: 0 }
  }
}

async function readNames(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1)
}

export interface Eviction {
  dir: string
  cacheBytesMax: number
  log: Log
  /** Whether that archive may be removed. */
  claim: (id: string) => boolean
}

/**
 * Removes archives until the rest fits the bound, those first that were unused for the longest time. One that exceeds
 * the bound by itself stays while it is the last one used: its restore would download it again for every chunk.
 */
export async function evictArchives({ dir, cacheBytesMax, log, claim }: Eviction): Promise<void> {
  const archives = await listArchives(dir)
  let total = archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (total <= cacheBytesMax) return
  const newest = archives.at(-1)
  for (const { id, sizeBytes } of archives) {
    if (total <= cacheBytesMax) return
    if (id === newest?.id && sizeBytes > cacheBytesMax) {
      log.warn('one archive alone exceeds cacheBytesMax; raise it', { sizeBytes, cacheBytesMax })
      return
    }
    if (!claim(id)) continue
    await removeArchive(dir, id)
    total -= sizeBytes
  }
}
