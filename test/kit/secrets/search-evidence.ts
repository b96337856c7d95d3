import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { constants, inflateRawSync } from 'node:zlib'
import { readNoted, valuesFile, type SecretValue } from './evidence.ts'
import { Needles, type Find } from './needles.ts'

/** What was searched, and where a value was found: no value is named. */
export interface Search {
  values: number
  files: number
  /** Of Temporal's databases. */
  rows: number
  bytes: number
  found: string[]
}

/** Searches all files of these folders for the values, and for those that tests have noted in there. */
export function searchEvidence(folders: readonly string[], values: readonly SecretValue[]): Search {
  const files = folders.flatMap((folder) => filesBelow(folder).map((path) => ({ path, name: relative(folder, path) })))
  const isNoted = ({ path }: { path: string }): boolean => basename(path).startsWith(valuesFile)
  const noted = files.filter(isNoted).flatMap(({ path }) => readNoted(path))
  const needles = new Needles([...values, ...noted])
  const search: Search = { values: needles.values, files: 0, rows: 0, bytes: 0, found: [] }
  const look = (bytes: Buffer, where: string): void => {
    search.bytes += bytes.length
    const all = layersOf(bytes).flatMap((layer) => needles.find(layer))
    search.found.push(...new Set(all.map((find) => `${where}: ${inWords(find)}`)))
  }
  for (const file of files.filter((one) => !isNoted(one))) {
    if (file.name.endsWith('.db-wal') || file.name.endsWith('.db-shm')) continue
    search.files++
    if (file.name.endsWith('.db')) search.rows += lookAtRows(file, look)
    else look(readFileSync(file.path), file.name)
  }
  return search
}

const inWords = ({ of, form }: Find): string => `the value of Secret ${of}, ${form}`

/** The search in a line. */
export function tellSearch({ values, files, rows, bytes, found }: Search): string {
  const where = `${files} files and ${rows} rows of Temporal's databases, ${(bytes / 1e6).toFixed(1)} MB`
  return `${values} values of Secrets were looked for in ${where}: ${found.length === 0 ? 'none found' : `${found.length} FOUND`}`
}

/** Throws where a value was found, or where nothing was there to search: each run that keeps evidence has a Temporal. */
export function judgeSearch(search: Search): void {
  if (search.found.length > 0)
    throw new Error([`values of Secrets were found:`, ...search.found.slice(0, toldMax)].join('\n  '))
  if (search.values === 0 || search.files === 0 || search.rows === 0)
    throw new Error(`the search for values of Secrets saw nothing: ${tellSearch(search)}`)
}

const toldMax = 20

/** By the database itself: a value that is cut in two by the pages of the file is whole in its row. */
function lookAtRows({ path, name }: { path: string; name: string }, look: (bytes: Buffer, where: string) => void) {
  const database = new DatabaseSync(path)
  let rows = 0
  try {
    const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).all()
    for (const { name: table } of tables as { name: string }[]) {
      for (const row of database.prepare(`SELECT * FROM "${table}"`).iterate()) {
        rows++
        for (const [column, cell] of Object.entries(row as Record<string, unknown>)) {
          if (cell instanceof Uint8Array) look(Buffer.from(cell), `${name}, ${table}.${column}`)
          else if (typeof cell === 'string') look(Buffer.from(cell), `${name}, ${table}.${column}`)
        }
      }
    }
  } finally {
    database.close()
  }
  return rows
}

const layersMax = 3
const inflatedMax = 256 << 20
const gzipStart = Buffer.from([0x1f, 0x8b, 0x08])
/** The same three bytes in base64. */
const gzipInBase64 = Buffer.from('H4sI')

/** The bytes themselves, and what is compressed in them. */
function layersOf(bytes: Buffer, depth = 0): Buffer[] {
  if (depth === layersMax) return [bytes]
  const inner = [
    ...placesOf(bytes, gzipStart).map((at) => inflated(bytes.subarray(at))),
    ...placesOf(bytes, gzipInBase64).map((at) => inflated(Buffer.from(base64Run(bytes, at), 'base64'))),
  ]
  return [bytes, ...inner.filter((one) => one !== undefined).flatMap((one) => layersOf(one, depth + 1))]
}

function placesOf(bytes: Buffer, start: Buffer): number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(start); at !== -1; at = bytes.indexOf(start, at + 1)) places.push(at)
  return places
}

/** Undefined where it only looked like the begin of a file of gzip. What stands behind the end of it is left out. */
function inflated(bytes: Buffer): Buffer | undefined {
  try {
    const raw = bytes.subarray(headerLength(bytes))
    return inflateRawSync(raw, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: inflatedMax })
  } catch {
    return undefined
  }
}

const flags = { headerSum: 2, extra: 4, name: 8, comment: 16 } as const

function headerLength(bytes: Buffer): number {
  const has = (bytes[3] ?? 0) & 31
  let at = 10
  if (has & flags.extra) at += 2 + bytes.readUInt16LE(at)
  for (const text of [flags.name, flags.comment]) if (has & text) at = bytes.indexOf(0, at) + 1
  return has & flags.headerSum ? at + 2 : at
}

function base64Run(bytes: Buffer, from: number): string {
  let end = from
  while (end < bytes.length && /[A-Za-z0-9+/=]/.test(String.fromCharCode(bytes[end] ?? 0))) end++
  return bytes.toString('latin1', from, end)
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
