/** What stands in etcd under a prefix: the revision and the bytes of each key; keys and values are base64. */
export type EtcdData = Record<string, { revision: string; value: string }>

/** Reads all keys under a prefix, by etcd's own gateway for JSON. */
export async function readEtcd(address: string, prefix: string): Promise<EtcdData> {
  const found = await ask(address, 'range', rangeOf(prefix))
  return Object.fromEntries((found.kvs ?? []).map((kv) => [kv.key, { revision: kv.mod_revision, value: kv.value }]))
}

/** Where to put data back, and of what to leave as it is. */
export interface PutBack {
  address: string
  prefix: string
  /** Keys that stay, whatever they hold. */
  stays: (key: string) => boolean
}

/** A key that was written or removed, without the prefix, and the revision at which. */
export interface EtcdWrite {
  key: string
  removed: boolean
  revision: number
}

/**
 * Makes everything under the prefix as it was: removes keys that are new, and writes those that have changed or are gone. An API
 * server learns of it by its watches, as it does of another server's writes. Returns the data with its new revisions, and what
 * it wrote.
 */
export async function putEtcdBack(
  { address, prefix, stays }: PutBack,
  data: EtcdData,
): Promise<{ data: EtcdData; written: EtcdWrite[] }> {
  const found = await ask(address, 'range', { ...rangeOf(prefix), keys_only: true })
  const now = new Map((found.kvs ?? []).map((kv) => [kv.key, kv.mod_revision]))
  const gone = [...now.keys()].filter((key) => !(key in data) && !stays(fromBase64(key)))
  const changed = Object.keys(data).filter((key) => now.get(key) !== data[key]?.revision && !stays(fromBase64(key)))
  const writes = [
    ...gone.map((key) => ({ key, removed: true, change: { requestDeleteRange: { key } } })),
    ...changed.map((key) => ({ key, removed: false, change: { requestPut: { key, value: data[key]?.value ?? '' } } })),
  ]
  const written: EtcdWrite[] = []
  for (let at = 0; at < writes.length; at += writesMax) {
    const some = writes.slice(at, at + writesMax)
    const { header } = await ask(address, 'txn', { success: some.map(({ change }) => change) })
    for (const { key, removed } of some)
      written.push({ key: fromBase64(key).slice(prefix.length), removed, revision: Number(header.revision) })
  }
  return { data: changed.length === 0 ? data : withRevisions(data, await readEtcd(address, prefix)), written }
}

/** As many as etcd takes in one transaction. */
const writesMax = 128

/** The data with the revisions at which it stands now; what somebody has changed meanwhile counts as changed. */
function withRevisions(data: EtcdData, fresh: EtcdData): EtcdData {
  const standing = ([key, { value }]: [string, EtcdData[string]]): [string, EtcdData[string]] => {
    const now = fresh[key]
    return [key, { value, revision: now?.value === value ? now.revision : 'none' }]
  }
  return Object.fromEntries(Object.entries(data).map(standing))
}

interface Answer {
  header: { revision: string }
  kvs?: { key: string; value: string; mod_revision: string }[]
}

async function ask(address: string, what: 'range' | 'txn', body: object): Promise<Answer> {
  const answer = await fetch(`${address}/v3/kv/${what}`, { method: 'POST', body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`etcd, ${what}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Answer
}

/** All keys that begin with the prefix and a slash: up to the prefix and the character after the slash. */
function rangeOf(prefix: string): { key: string; range_end: string } {
  return { key: toBase64(`${prefix}/`), range_end: toBase64(`${prefix}0`) }
}

/** The base64 of a key of etcd. */
export const toBase64 = (text: string): string => Buffer.from(text).toString('base64')
const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString()
