import type { Outcome } from '../../core/items/outcome.ts'
import { packIfChunk } from '../../core/plan/packed-chunk.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { jsonInPieces, parseJsonInSteps } from '../../core/values/json-in-pieces.ts'
import { journalFolder } from '../../velero/object-keys.ts'
import { journalDamaged } from './failures.ts'
import { inFlight } from './in-flight.ts'
import { gzipOf, inSlices } from './in-slices.ts'
import { inflateText } from './inflate.ts'
import type { ObjectStore } from '../ports.ts'
import type { ActingUser } from '../../core/asked/acting-user.ts'
import type { ActionFacts } from '../../core/actions/action.ts'
import type { PlannedPlugin } from '../../core/actions/run-plugins.ts'
import type { ResourceModifiers } from '../../core/modifiers/parse-modifiers.ts'
import type { FilterPolicies } from '../../core/filter/parse-filter-policy.ts'
import type { VolumeFacts } from '../../core/items/volume-fate.ts'
import type { Backup } from '../../velero/backup.ts'
import type { RestoreSpec, VeleroApi } from '../../velero/restore.ts'

/** A shard with more bytes than this, after decompression, counts as damaged. */
const shardBytesMax = 512 * 1024 * 1024

/** A shard with more characters, such as the plan of a large restore, is read in slices. */
const largeLength = 512 * 1024

/**
 * What a restore remembers, as objects in the backup location (rule 4): its shards. A shard is written whole. One that
 * several attempts may write has the attempt in its name; the others are written only where there is none yet.
 */
export interface Journal {
  /**
   * The shard's content; undefined where there is none. Throws `JournalDamaged` for one that is foreign or broken. Of a large one,
   * `keep` gets each value four containers deep as soon as it is read, and what it returns stands in its place.
   */
  read<T>(name: string, keep?: (part: unknown) => unknown): Promise<T | undefined>
  /** Writes a shard, and replaces an older one. With `isLast` nobody writes one of this name later: it may be remembered. */
  write(name: string, content: unknown, options?: { isLast?: boolean }): Promise<void>
  /** Writes a shard unless there is one, and returns the content of the one that is there then. */
  writeOnce<T>(name: string, content: T): Promise<T>
  /** Names of the shards under a prefix, sorted. */
  list(prefix: string): Promise<string[]>
  /** Removes shards. */
  remove(names: readonly string[]): Promise<void>
}

/** The restore that a journal belongs to; the header of each shard repeats it. */
export interface JournalOwner {
  name: string
  uid: string
  cluster: string
  /** The run of the restore, from 1; a retry begins the next one, with a journal of its own. */
  run?: number | undefined
}

interface Shard {
  header: { restore: string; uid: string; cluster: string; shard: string }
  content: unknown
}

/** Shards that this worker wrote and that nobody changes any more, by key, as they are in the bucket: it need not fetch them. */
export type OwnShards = Pick<Map<string, Buffer>, 'get' | 'delete'> & { set(key: string, bytes: Buffer): unknown }

/** Opens a restore's journal in its backup location. Errors of the bucket are `StoreError`s. */
export function openJournal(store: ObjectStore, owner: JournalOwner, own?: OwnShards): Journal {
  const folder = journalFolder(owner.name, owner.uid, owner.run)
  const keyOf = (name: string) => `${folder}${name}.json.gz`

  async function read<T>(name: string, keep?: (part: unknown) => unknown): Promise<T | undefined> {
    const bytes = own?.get(keyOf(name)) ?? (await store.get(keyOf(name)))
    return bytes === undefined ? undefined : ((await decode(bytes, { name, owner, key: keyOf(name), keep })) as T)
  }

  return {
    read,
    async write(name, content, { isLast = false } = {}) {
      const bytes = await encode(content, name, owner)
      await store.put(keyOf(name), bytes)
      if (isLast) own?.set(keyOf(name), exactly(bytes))
    },
    async writeOnce<T>(name: string, content: T): Promise<T> {
      const bytes = await encode(content, name, owner)
      if (await store.put(keyOf(name), bytes, { onlyIfAbsent: true })) {
        own?.set(keyOf(name), exactly(bytes))
        return content
      }
      const existing = await read<T>(name)
      if (existing === undefined) throw journalDamaged(`journal shard ${keyOf(name)} disappeared while it was read`)
      return existing
    },
    async list(prefix) {
      const keys = await store.list(`${folder}${prefix}`)
      return keys.map((key) => key.slice(folder.length).replace(/\.json\.gz$/, ''))
    },
    async remove(names) {
      for (const name of names) own?.delete(keyOf(name))
      await store.remove(names.map(keyOf))
    },
  }
}

async function encode(content: unknown, name: string, owner: JournalOwner): Promise<Buffer> {
  const shard: Shard = { header: { restore: owner.name, uid: owner.uid, cluster: owner.cluster, shard: name }, content }
  return gzipOf(jsonInPieces(shard), 1)
}

/** A copy that holds no more memory than it has bytes: zlib's answer is the beginning of a piece of 64 KiB. */
function exactly(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

/** Which shard is decoded, and whose it has to be. */
interface Wanted {
  name: string
  key: string
  owner: JournalOwner
  keep: ((part: unknown) => unknown) | undefined
}

async function decode(bytes: Buffer, { name, key, owner, keep }: Wanted): Promise<unknown> {
  let shard: Partial<Shard> | null
  try {
    const text = await inflateText(bytes, shardBytesMax)
    const content =
      text.length < largeLength ? (JSON.parse(text) as unknown) : await inSlices(parseJsonInSteps(text, keep))
    shard = content as Partial<Shard> | null
  } catch {
    throw journalDamaged(`journal shard ${key} cannot be read: it is damaged or was written by someone else`)
  }
  const header = shard?.header
  if (header?.uid !== owner.uid || header.cluster !== owner.cluster || header.shard !== name) {
    throw journalDamaged(
      `journal shard ${key} belongs to restore uid ${header?.uid}, cluster ${header?.cluster}, shard ${header?.shard}: it is not this restore's`,
    )
  }
  return shard?.content
}

/** The plan of a restore; undefined where it has none yet. */
export async function readPlan(journal: Pick<Journal, 'read'>): Promise<Plan | undefined> {
  return journal.read<Plan>(shards.plan, packIfChunk)
}

/** Name of a shard of outcomes: one folder per chunk or step, one shard per checkpoint (`part`) of each attempt; `more` counts further ones of it. */
export function outcomesShard(group: string, attempt: string, part: number, more = 0): string {
  return `outcomes/${group}/${attempt}-${String(part).padStart(4, '0')}${furtherShard(more)}`
}

/** How the name of a further shard of the same checkpoint ends. */
export function furtherShard(more: number): string {
  return more === 0 ? '' : `.${more}`
}

/** All outcomes of a group (a chunk or step), or of the whole restore for the empty name. */
export async function readOutcomes(journal: Journal, group: string): Promise<Outcome[]> {
  const names = await journal.list(group === '' ? 'outcomes/' : `outcomes/${group}/`)
  const texts = new Map<string, string>()
  const read = async (name: string) =>
    (await readShard<Outcome[]>(journal, name)).map((outcome) => sharing(outcome, texts))
  return (await withShards(names, read)).flat()
}

/** The same outcome, with texts that many have kept once: of a million outcomes that is a quarter of their memory. */
function sharing(outcome: Outcome, texts: Map<string, string>): Outcome {
  const once = <T extends string>(text: T): T => {
    const known = texts.get(text)
    if (known === undefined) texts.set(text, text)
    return (known ?? text) as T
  }
  const { listed, object } = outcome
  outcome.at = once(outcome.at)
  if (listed !== undefined) listed.kind = once(listed.kind)
  if (object !== undefined) {
    object.resource = once(object.resource)
    if (object.namespace !== undefined) object.namespace = once(object.namespace)
  }
  return outcome
}

/** The contents of all shards under a prefix, by name. One that is listed and missing is an error, never nothing (rule 4). */
export async function readAll<T>(journal: Journal, prefix: string): Promise<T[]> {
  return withShards(await journal.list(prefix), (name) => readShard<T>(journal, name))
}

/** The content of a shard that is listed. */
export async function readShard<T>(journal: Journal, name: string): Promise<T> {
  const content = await journal.read<T>(name)
  if (content === undefined) throw journalDamaged(`journal shard ${name} is listed but missing`)
  return content
}

/** Shards that are read or written at once. */
const shardsAtOnce = 16

/** Does something with shards, several at once, and returns what it came to in their order; see {@link inFlight} for failures. */
export async function withShards<T, R>(shards: readonly T[], work: (shard: T) => Promise<R>): Promise<R[]> {
  return inFlight(shards, shardsAtOnce, work)
}

/** Copies shards into the journal of another run; one that is there already stays as it is. */
export async function copyShards(from: Journal, to: Journal, names: readonly string[]): Promise<void> {
  await withShards(names, async (name) => to.writeOnce(name, await readShard(from, name)))
}

/** Names of the shards that a restore has only once. */
export const shards = {
  admission: 'admission',
  plan: 'plan',
  facts: 'facts',
  factsBefore: 'facts-before',
  timeline: 'timeline',
  inheritedLog: 'inherited-log',
  volumeInfos: 'volume-infos',
} as const

/** Which retry began a run. */
export interface StoredRetry {
  token: string
  /** When; RFC 3339. */
  at: string
  /** How many items the plan has; 0 where it is made anew. */
  items: number
  /** How many of them the run before has not brought through. */
  again: number
}

/**
 * The result of the admission, with the spec as validated. Validation fills in the spec and cannot be repeated (the
 * Restore of a schedule has both names afterwards), so a rerun takes the stored one.
 */
export interface StoredAdmission {
  restore: {
    name: string
    namespace: string
    uid: string
    creationTimestamp: string
    annotations?: Record<string, string>
    /** The run, from 2; absent in the first one. */
    run?: number
    /** Which of Velero's APIs the cluster served when the restore was admitted. */
    api?: VeleroApi
  }
  spec: RestoreSpec
  backup: Backup
  /** Name of the BackupStorageLocation. */
  location: string
  startedAt: string
  /** Resource modifiers, as they were when they were validated. */
  modifiers?: ResourceModifiers
  /** Filter policies, as they were when they were validated. */
  policies?: FilterPolicies
  /** The user of the worker that has admitted it: another worker, with other settings, must not make the rest as somebody else. */
  actingUser?: ActingUser
  /** This run is a retry. */
  retry?: StoredRetry
  /** Velero restored the items: their outcomes were read from its files, and its log and volume info are kept. */
  inherited?: true
}

/** Facts of cluster and backup as they were when the plan was made: the same for every attempt of every item. */
export interface StoredFacts {
  actions: ActionFacts
  volumes: VolumeFacts
  /** `spec.restoreStatus` with full names of resources; absent where it is not set, and in restores of earlier versions. */
  restoreStatus?: { includes: string[]; excludes: string[] }
  /** The actions of plugins, in the order in which they run; absent in restores of earlier versions. */
  plugins?: readonly PlannedPlugin[]
}
