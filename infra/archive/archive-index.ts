import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { ArchiveError } from '../../core/port-errors.ts'
import { sortInSteps } from '../../core/values/slices.ts'
import { tooBig, type ArchiveBounds } from './archive-bounds.ts'
import { parseVersionFolder, type ItemPath } from './archive-path.ts'
import { PackedEntries } from './packed-entries.ts'
import type { ItemPlace } from './packed-entries.ts'

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

  /** Writes an index: a header line, one line for each item in the archive's order, and a checksum over all. */
  async write(path: string, head: Pick<ArchiveIndex, 'etag' | 'hasResources' | 'itemsBytes'>): Promise<void> {
    const file = await open(path, 'wx', 0o600)
    try {
      const hash = createHash('sha256')
      for (const text of inBatches(this.#lines(head, await this.#sortedKeys()))) {
        hash.update(text)
        await file.appendFile(text)
      }
      await file.appendFile(`${hash.digest('hex')}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** Sorted with a turn for others after each step: that of a million takes seconds. */
  async #sortedKeys(): Promise<string[]> {
    const sorting = sortInSteps(this.#numbers.keys(), (a, b) => (a < b ? -1 : Number(a > b)))
    for (;;) {
      const step = sorting.next()
      if (step.done === true) return step.value
      await setImmediate()
    }
  }

  *#lines(
    head: Pick<ArchiveIndex, 'etag' | 'hasResources' | 'itemsBytes'>,
    keys: readonly string[],
  ): Generator<string> {
    yield JSON.stringify({ format, ...head, count: this.#numbers.size })
    for (const key of keys) {
      const number = this.#numbers.get(key) ?? 0
      const [groupResource = '', folder = '', namespace = '', file = ''] = textOf(key).split('\0')
      const name = file.slice(0, -'.json'.length)
      const [offset = 0, sizeBytes = 0, crc = 0] = [this.#offsets[number], this.#sizes[number], this.#checksums[number]]
      yield JSON.stringify([groupResource, folder, namespace, name, offset, sizeBytes, crc] satisfies Row)
    }
  }
}

const batchCharacters = 1024 * 1024

function* inBatches(lines: Iterable<string>): Generator<string> {
  let batch: string[] = []
  let characters = 0
  for (const line of lines) {
    batch.push(line, '\n')
    characters += line.length
    if (characters < batchCharacters) continue
    yield batch.join('')
    batch = []
    characters = 0
  }
  yield batch.join('')
}

/** Reads an index back, line by line. Throws `ArchiveError` of kind `damaged-cache` unless it is whole and as it was written. */
export async function readIndex(path: string): Promise<ArchiveIndex> {
  const hash = createHash('sha256')
  const entries = new PackedEntries()
  let head: Head | undefined
  let last: string | undefined
  try {
    for await (const line of readLines(path)) {
      if (last !== undefined) {
        hash.update(`${last}\n`)
        if (head === undefined) head = JSON.parse(last) as Head
        else addTo(entries, JSON.parse(last) as Row)
      }
      last = line
    }
  } catch (error) {
    throw error instanceof SyntaxError ? damaged(path) : error
  }
  if (head === undefined || hash.digest('hex') !== last) throw damaged(path)
  if (head.format !== format || head.count !== entries.length) throw damaged(path)
  const { etag, hasResources, itemsBytes } = head
  return { etag, hasResources, itemsBytes, entries }
}

/** The lines of a file. Node's own reader also ends a line at U+2028, which may stand in a name. */
async function* readLines(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const text of createReadStream(path, { encoding: 'utf8', highWaterMark: 1024 * 1024 })) {
    const lines = (rest + String(text)).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

type Head = Omit<ArchiveIndex, 'entries'> & { format: string; count: number }

type Row = [
  groupResource: string,
  folder: string,
  namespace: string,
  name: string,
  offset: number,
  sizeBytes: number,
  crc: number,
]

const format = 'drydock-archive-index/1'

function addTo(entries: PackedEntries, row: Row): void {
  const [groupResource, folder, namespace, name, offset, sizeBytes, crc] = row
  const names = { groupResource, ...parseVersionFolder(folder), ...(namespace === '' ? {} : { namespace }) }
  entries.add(names, name, { offset, sizeBytes, crc })
}

/** A text that sorts as the bytes of file names do in a directory listing: JavaScript's own order differs beyond the BMP. */
function sortKey({ groupResource, folder, namespace, name }: ItemPath): string {
  const path = [groupResource, folder, namespace, `${name}.json`].join('\0')
  return Buffer.from(path, 'utf8').toString('latin1')
}

function textOf(key: string): string {
  return Buffer.from(key, 'latin1').toString('utf8')
}

function damaged(path: string): ArchiveError {
  return new ArchiveError('damaged-cache', `the archive index ${path} is damaged`)
}
