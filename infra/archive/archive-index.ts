import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { ArchiveError } from '../../core/port-errors.ts'
import type { ArchiveEntry } from '../../activities/ports.ts'
import { parseVersionFolder, type ItemPath } from './archive-path.ts'

/** An item's place in the file of items, with the checksum of its bytes. */
export interface IndexedItem extends ItemPath {
  offset: number
  sizeBytes: number
  crc: number
}

export interface ArchiveIndex {
  etag: string
  hasResources: boolean
  /** Length of the file of items. */
  itemsBytes: number
  entries: readonly ArchiveEntry[]
  /** Checksum by offset: copies of an item share their bytes. */
  checksums: ReadonlyMap<number, number>
}

/** Writes an index: a header line, one line for each item in the archive's order, and a checksum over all. */
export async function writeIndex(
  path: string,
  head: Pick<ArchiveIndex, 'etag' | 'hasResources' | 'itemsBytes'>,
  items: IndexedItem[],
): Promise<void> {
  const keyed = items.map((item) => ({ item, key: sortKey(item) }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  const lines = [JSON.stringify({ format, ...head, count: items.length })]
  for (const { item } of keyed) {
    const { groupResource, folder, namespace, name, offset, sizeBytes, crc } = item
    lines.push(JSON.stringify([groupResource, folder, namespace, name, offset, sizeBytes, crc]))
  }
  const text = `${lines.join('\n')}\n`
  await writeFile(path, `${text}${digest(text)}\n`, { mode: 0o600, flag: 'wx', flush: true })
}

/** Reads an index back. Throws `ArchiveError` of kind `damaged-cache` unless it is whole and as it was written. */
export async function readIndex(path: string): Promise<ArchiveIndex> {
  const content = await readFile(path, 'utf8')
  const end = content.lastIndexOf('\n', content.length - 2) + 1
  const text = content.slice(0, end)
  if (end === 0 || digest(text) !== content.slice(end, -1)) throw damaged(path)
  const [first = '', ...lines] = text.trimEnd().split('\n')
  const head = JSON.parse(first) as Omit<ArchiveIndex, 'entries' | 'checksums'> & { format: string; count: number }
  if (head.format !== format || head.count !== lines.length) throw damaged(path)
  const checksums = new Map<number, number>()
  const texts = new Map<string, string>()
  const entries = lines.map((line) => toEntry(JSON.parse(line) as Row, checksums, texts))
  const { etag, hasResources, itemsBytes } = head
  return { etag, hasResources, itemsBytes, entries, checksums }
}

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

/** Group-resource and namespace are kept once each, not once for each of a hundred thousand items. */
function toEntry(row: Row, checksums: Map<number, number>, texts: Map<string, string>): ArchiveEntry {
  const [groupResource, folder, namespace, name, offset, sizeBytes, crc] = row
  if (sizeBytes > 0) checksums.set(offset, crc)
  return {
    groupResource: once(texts, groupResource),
    ...parseVersionFolder(once(texts, folder)),
    ...(namespace === '' ? {} : { namespace: once(texts, namespace) }),
    name,
    offset,
    sizeBytes,
  }
}

function once(texts: Map<string, string>, text: string): string {
  const known = texts.get(text)
  if (known !== undefined) return known
  texts.set(text, text)
  return text
}

/** Compares as the bytes of file names do in a directory listing: JavaScript's own order differs beyond the BMP. */
function sortKey({ groupResource, folder, namespace, name }: ItemPath): string {
  const path = [groupResource, folder, namespace, `${name}.json`].join('\0')
  return Buffer.from(path, 'utf8').toString('latin1')
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function damaged(path: string): ArchiveError {
  return new ArchiveError('damaged-cache', `the archive index ${path} is damaged`)
}
