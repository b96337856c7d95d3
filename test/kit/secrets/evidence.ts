import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import type { Manifest } from '../../../velero/manifest.ts'

/**
 * What Drydock says and stores while the tests run: the logs and metrics of workers, what commands print, Events, traces, Temporal's
 * databases. It is kept in the folder that this variable names, and searched in the end for the values of Secrets.
 */
export const evidenceVariable = 'DRYDOCK_TEST_EVIDENCE'

/** The file with the values that a test made up; each process has its own. */
export const valuesFile = 'values-'

/** A value that only a Secret holds, and where. */
export interface SecretValue {
  /** Such as `shop/web-token, key token`. */
  of: string
  value: Buffer
}

/** Keeps a text, beside those of the same kind of this process. Nothing is kept where no run asks for it. */
export function keepEvidence(kind: string, text: string): void {
  const folder = process.env[evidenceVariable]
  if (folder === undefined || text === '') return
  appendFileSync(join(folder, `${kind}-${process.pid}.txt`), `${text}\n`)
}

/** Notes that the values of these items, where they are Secrets, are looked for too. */
export function noteSecrets(items: readonly Manifest[]): void {
  const folder = process.env[evidenceVariable]
  const values = items.flatMap(secretValues)
  if (folder === undefined || values.length === 0) return
  const lines = values.map(({ of, value }) => JSON.stringify({ of, value: value.toString('base64') }))
  appendFileSync(join(folder, `${valuesFile}${process.pid}.jsonl`), `${lines.join('\n')}\n`)
}

/** The values that tests have noted. */
export function readNoted(file: string): SecretValue[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { of: string; value: string })
    .map(({ of, value }) => ({ of, value: Buffer.from(value, 'base64') }))
}

/** The values of a Secret; none of any other object. */
export function secretValues(item: Manifest): SecretValue[] {
  if (item['kind'] !== 'Secret') return []
  const { name, namespace = '' } = item.metadata
  const of = (key: string): string => `${namespace}/${name}, key ${key}`
  const data = Object.entries((item['data'] ?? {}) as Record<string, string>)
  const plain = Object.entries((item['stringData'] ?? {}) as Record<string, string>)
  return [
    ...data.map(([key, value]) => ({ of: of(key), value: Buffer.from(value, 'base64') })),
    ...plain.map(([key, value]) => ({ of: of(key), value: Buffer.from(value) })),
  ]
}

/** Takes what a stack that has ended leaves: Temporal's database and log, and what Drydock has put into its bucket for people. */
export function keepStackEvidence(dir: string): void {
  const folder = process.env[evidenceVariable]
  if (folder === undefined) return
  const place = join(folder, `${basename(dirname(dir))}-${basename(dir)}`)
  if (existsSync(place)) return
  keepTemporal(dir, place)
  keepFiles(join(dir, 's3/data'), join(place, 'bucket'))
}

function keepTemporal(dir: string, place: string): void {
  const database = join(dir, 'temporal/temporal.db')
  if (!existsSync(database)) return
  mkdirSync(place)
  // The last writes of a server that was killed stand beside its database.
  for (const end of ['', '-wal', '-shm'])
    if (existsSync(database + end)) renameSync(database + end, join(place, `temporal.db${end}`))
  const log = join(dir, 'logs/temporal.log')
  if (existsSync(log)) renameSync(log, join(place, 'temporal.log'))
}

/** The pages that Drydock makes, and the logs and results of its restores. Those that Velero has restored have no journal. */
function keepFiles(bucket: string, place: string): void {
  if (!existsSync(bucket)) return
  const isOurs = (path: string): boolean => existsSync(join(bucket, dirname(path), 'drydock'))
  for (const entry of readdirSync(bucket, { recursive: true, withFileTypes: true })) {
    const path = join(relative(bucket, entry.parentPath), entry.name)
    if (!entry.isFile() || !(pages.test(path) || (results.test(path) && isOurs(path)))) continue
    mkdirSync(dirname(join(place, path)), { recursive: true })
    renameSync(join(bucket, path), join(place, path))
  }
}

const pages = /\.html$/
const results = /(?:^|\/)restores\/[^/]+\/[^/]+\.gz$/
