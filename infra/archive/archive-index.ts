import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { endianness } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import type { ArchiveFolder } from '../../activities/archive-port.ts'
import { ArchiveError } from '../../core/port-errors.ts'
import { forEachInSteps, sortInSteps } from '../../core/values/slices.ts'
import type { Steps } from '../../core/values/slices.ts'
import { tooBig, type ArchiveBounds } from './archive-bounds.ts'
import { parseVersionFolder, type ItemPath } from './archive-path.ts'
import { PackedEntries } from './packed-entries.ts'
import type { FolderNames, ItemPlace } from './packed-entries.ts'

export interface ArchiveIndex {
  etag: string
  hasResources: boolean
  /** Length of the file of items. */
  itemsBytes: number
  entries: PackedEntries
}

/** What an item takes in memory beside its path, about. */
const itemBytes = 180

/** Gathers the items of a tarball. Of two with one path the last counts, as on a disk. */
export class IndexBuilder {
  readonly #indexBytesMax: number
  /** The numbers of the items by sort key: one flat text an item, so that the index of a million items fits a worker. */
  readonly #numbers = new Map<string, number>()
  /** Their places, by number. As a value each would take three times as much. */
  readonly #offsets: number[] = []
  readonly #sizes: number[] = []
  readonly #checksums: number[] = []
  #bytes = 0

  constructor({ indexBytesMax }: Pick<ArchiveBounds, 'indexBytesMax'>) {
    this.#indexBytesMax = indexBytesMax
  }

  /** Throws `ArchiveError` of kind `too-big` where all items together take more than the bound. */
  set(path: ItemPath, place: ItemPlace): void {
    const key = sortKey(path)
    const known = this.#numbers.get(key)
    if (known === undefined) this.#bytes += key.length + itemBytes
    if (this.#bytes > this.#indexBytesMax) {
      throw tooBig('the list of the items in the tarball takes more bytes', 'indexBytesMax', this.#indexBytesMax)
    }
    const number = known ?? this.#numbers.size
    if (known === undefined) this.#numbers.set(key, number)
    this.#offsets[number] = place.offset
    this.#sizes[number] = place.sizeBytes
    this.#checksums[number] = place.crc
  }

  /** Writes an index: the entries in the archive's order as they are in memory, a head, its length, and a checksum over all. */
  async write(path: string, head: Omit<ArchiveIndex, 'entries'>): Promise<void> {
    const { folders, arrays } = (await this.#pack()).toParts()
    const text = Buffer.from(JSON.stringify({ format, ...head, folders } satisfies Head))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(text.length)
    const file = await open(path, 'wx', 0o600)
    try {
      const hash = createHash(checksum)
      for (const piece of piecesOf([...arrays, text, length])) {
        hash.update(piece)
        await file.appendFile(piece)
      }
      await file.appendFile(hash.digest())
    } finally {
      await file.close()
    }
  }

  async #pack(): Promise<PackedEntries> {
    const entries = new PackedEntries()
    let last = { key: '', names: {} as FolderNames }
    const steps = forEachInSteps(await this.#sortedKeys(), (key) => {
      const number = this.#numbers.get(key) ?? 0
      const folderEnd = key.lastIndexOf('\0') + 1
      const folderKey = key.slice(0, folderEnd)
      if (folderKey !== last.key) last = { key: folderKey, names: folderNames(textOf(folderKey)) }
      const [offset = 0, sizeBytes = 0, crc = 0] = [this.#offsets[number], this.#sizes[number], this.#checksums[number]]
      entries.add(last.names, textOf(key.slice(folderEnd, -'.json'.length)), { offset, sizeBytes, crc })
    })
    await inTurns(steps)
    return entries
  }

  /** Sorted with a turn for others after each step: that of a million takes seconds. */
  #sortedKeys(): Promise<string[]> {
    return inTurns(sortInSteps(this.#numbers.keys(), (a, b) => (a < b ? -1 : Number(a > b))))
  }
}

async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await setImmediate()
  }
}

/** So many bytes are hashed in one go. */
const pieceBytes = 1024 * 1024

function* piecesOf(buffers: readonly Buffer[]): Generator<Buffer> {
  for (const bytes of buffers)
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

/** Reads an index back. Throws `ArchiveError` of kind `damaged-cache` unless it is whole and as it was written. */
export async function readIndex(path: string): Promise<ArchiveIndex> {
  const all = await readWhole(path)
  const end = all.length - checksumBytes
  const hash = createHash(checksum)
  for (const piece of piecesOf([all.subarray(0, Math.max(0, end))])) {
    hash.update(piece)
    await setImmediate()
  }
  if (end < 4 || !hash.digest().equals(all.subarray(end))) throw damaged(path)
  const from = end - 4 - all.readUInt32LE(end - 4)
  const { folders, ...head } = JSON.parse(all.toString('utf8', from, end - 4)) as Head
  if (head.format !== format) throw damaged(path)
  const { etag, hasResources, itemsBytes } = head
  return { etag, hasResources, itemsBytes, entries: PackedEntries.from(folders, all.subarray(0, from)) }
}

/** In a buffer of its own: numbers of eight bytes have to stand at a multiple of eight. */
async function readWhole(path: string): Promise<Buffer<ArrayBuffer>> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const bytes = Buffer.allocUnsafeSlow(size)
    let read = 0
    for (let more = -1; more !== 0 && read < size; read += more) more = (await file.read(bytes, read)).bytesRead
    return bytes.subarray(0, read)
  } finally {
    await file.close()
  }
}

type Head = Omit<ArchiveIndex, 'entries'> & { format: string; folders: readonly ArchiveFolder[] }

/** Numbers are as this machine has them: an index that another kind of machine has written is damaged. */
const format = `drydock-archive-index/2 ${endianness()}`

const [checksum, checksumBytes] = ['sha256', 32] as const

/** A text that sorts as the bytes of file names do in a directory listing: JavaScript's own order differs beyond the BMP. */
function sortKey({ groupResource, folder, namespace, name }: ItemPath): string {
  const path = [groupResource, folder, namespace, `${name}.json`].join('\0')
  return isAscii(path) ? path : Buffer.from(path, 'utf8').toString('latin1')
}

function textOf(key: string): string {
  return isAscii(key) ? key : Buffer.from(key, 'latin1').toString('utf8')
}

/** Bytes and characters are the same then. */
function isAscii(text: string): boolean {
  return !beyondAscii.test(text)
}

const beyondAscii = /[^\0-\x7f]/

/** What the folders of a sort key say. */
function folderNames(text: string): FolderNames {
  const [groupResource = '', folder = '', namespace = ''] = text.split('\0')
  return { groupResource, ...parseVersionFolder(folder), ...(namespace === '' ? {} : { namespace }) }
}

function damaged(path: string): ArchiveError {
  return new ArchiveError('damaged-cache', `the archive index ${path} is damaged`)
}
