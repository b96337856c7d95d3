import { readFileSync, readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { parseAllDocuments } from 'yaml'

/**
 * `node test/parity/craft-backup.ts [NAME…]` builds backups that no small cluster would yield (snapshots, moved data,
 * broken items) from their YAML under test/fixtures/cases/backups, in the layout that Velero v1.18.3 writes. The first document says
 * what the Backup is like; each further one is an item, or raw text, with the place in the archive.
 */
export async function craftBackup(name: string): Promise<void> {
  const text = readFileSync(join(sources, `${name}.yaml`), 'utf8')
  const [head, ...items] = parseAllDocuments(text, { intAsBigInt: true }).map((document) => document.toJS() as unknown)
  const { labels, spec, files } = (head ?? {}) as Head
  const folder = join(backups, name)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'velero-backup.json'), `${jsonOf(backupOf(name, labels, spec), 2)}\n`)
  await writeFile(join(folder, `${name}.tar.gz`), gzipSync(await archiveOf(items as CraftedItem[]), { level: 9 }))
  for (const [file, content] of Object.entries({ volumeinfo: [], ...files }))
    await writeFile(join(folder, `${name}-${file}.json.gz`), gzipSync(jsonOf(content)))
}

interface Head {
  labels?: Record<string, string>
  /** Fields of the Backup's spec beyond the usual ones. */
  spec?: object
  /** Metadata files by the end of their name, such as `volumeinfo`. */
  files?: Record<string, unknown>
}

/** An item at its place in the archive, below `resources`. */
type CraftedItem =
  | { in: string; version?: string; item: { metadata: { name: string; namespace?: string } } }
  | { path: string; raw: string }

function backupOf(name: string, labels: object = {}, spec: object = {}): object {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name, namespace: 'velero', labels: { 'velero.io/storage-location': 'default', ...labels } },
    spec: {
      storageLocation: 'default',
      ttl: '720h0m0s',
      csiSnapshotTimeout: '10m0s',
      itemOperationTimeout: '4h0m0s',
      ...spec,
    },
    status: {
      version: 1,
      formatVersion: '1.1.0',
      phase: 'Completed',
      startTimestamp: '2026-11-23T20:32:27Z',
      completionTimestamp: '2026-11-23T20:32:28Z',
      expiration: '2026-12-23T20:32:27Z',
    },
  }
}

/** Every entry has the same time, so that the same YAML yields the same bytes. */
async function archiveOf(items: readonly CraftedItem[]): Promise<Buffer> {
  const archive = pack()
  const add = (name: string, content: string): void => {
    archive.entry({ name, mtime: new Date('2026-11-23T20:32:27Z'), mode: 0o755 }, content)
  }
  add('metadata/version', '1.1.0\n')
  for (const crafted of items) {
    if ('raw' in crafted) add(`resources/${crafted.path}`, crafted.raw)
    else add(placeOf(crafted), jsonOf(crafted.item))
  }
  archive.finalize()
  return buffer(archive)
}

function placeOf({ in: groupResource, version, item }: Extract<CraftedItem, { in: string }>): string {
  const { name, namespace } = item.metadata
  const scope = namespace === undefined ? 'cluster' : `namespaces/${namespace}`
  return `resources/${groupResource}/${version === undefined ? '' : `${version}/`}${scope}/${name}.json`
}

/** Integers are written digit by digit; `@repeat <n> <text>` stands for a text that long. */
function jsonOf(value: unknown, indent?: number): string {
  const write = (_key: string, part: unknown): unknown => {
    if (typeof part === 'bigint') return rawJSON(part.toString())
    const repeat = typeof part === 'string' ? /^@repeat (\d+) (.+)$/.exec(part) : null
    return repeat === null ? part : (repeat[2] ?? '').repeat(Number(repeat[1]))
  }
  return JSON.stringify(value, write, indent)
}

/** The compiler's library does not know it yet. */
const { rawJSON } = JSON as unknown as { rawJSON: (this: void, text: string) => unknown }
const sources = fileURLToPath(new URL('../fixtures/cases/backups', import.meta.url))
const backups = fileURLToPath(new URL('../fixtures/backups', import.meta.url))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2)
  const all = readdirSync(sources).map((file) => file.replace(/\.yaml$/, ''))
  for (const name of wanted.length > 0 ? wanted : all) await craftBackup(name)
}
