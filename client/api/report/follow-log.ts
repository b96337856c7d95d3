import { gunzipSync } from 'node:zlib'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectStore } from '../../../activities/ports.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import { outcomeLines } from '../../../core/results/render-log.ts'
import { runAnnotation } from '../../../velero/labels.ts'
import { journalFolder } from '../../../velero/object-keys.ts'
import type { Restore } from '../../../velero/restore.ts'
import type { Connections } from '../connections.ts'
import type { ReadOptions } from '../options.ts'
import { openBucket } from '../read-result-file.ts'
import { isOver, readRestore } from '../velero-objects.ts'

/** How to follow the log of a restore. */
export interface FollowLogOptions extends ReadOptions {
  /** Receives each line, with its end. */
  onLine: (line: string) => void
  /** Ends the following, not the restore. */
  signal?: AbortSignal
  pollMs?: number
}

/** Shards that are read side by side. */
const readAtOnce = 8
const inflatedBytesMax = 512 * 1024 * 1024

/**
 * Tells what becomes of the items of a restore while it goes on, from its journal: a line for each outcome as soon as it is stored,
 * until the restore is over. Lines of items that are tried again come again where their outcome is another one. It needs the
 * credentials of the location: a DownloadRequest gives no journal. Rejects with the reason of the signal.
 */
export async function followLog(
  connections: Connections,
  restore: Restore,
  { onLine, signal, pollMs = 1000, ...options }: FollowLogOptions,
): Promise<void> {
  const { name, namespace = connections.namespace, uid = '' } = restore.metadata
  const told: Told = { keys: new Set(), outcomes: new Map() }
  let store: ObjectStore | undefined
  for (;;) {
    signal?.throwIfAborted()
    const live = await readRestore(connections, name)
    const isLast = live?.metadata.uid !== uid || isOver(live)
    // Before its claim a restore has no journal, and its location may not be known.
    if (live !== undefined && (live.status?.phase ?? 'New') !== 'New') {
      store ??= await openBucket(connections, live, options)
      const run = Number(live.metadata.annotations?.[runAnnotation] ?? 1)
      for (const outcome of await newOutcomes(store, `${journalFolder(name, uid, run)}outcomes/`, told))
        for (const line of outcomeLines(outcome, { namespace, name })) onLine(line)
    }
    if (isLast) return
    await sleep(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => {})
  }
}

interface Told {
  /** Shards that were read. */
  keys: Set<string>
  /** What was told of each item last. */
  outcomes: Map<string, string>
}

/** The outcomes of shards that were not read before, in the order of their times. */
async function newOutcomes(store: ObjectStore, prefix: string, told: Told): Promise<Outcome[]> {
  const keys = (await store.list(prefix)).filter((key) => !told.keys.has(key))
  const found: Outcome[] = []
  for (let from = 0; from < keys.length; from += readAtOnce) {
    const some = keys.slice(from, from + readAtOnce)
    const shards = await Promise.all(some.map(async (key) => outcomesIn(await store.get(key))))
    for (const [index, outcomes] of shards.entries()) {
      told.keys.add(some[index] ?? '')
      found.push(...outcomes.filter((outcome) => isNew(outcome, told)))
    }
  }
  return found.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

function isNew({ key, at: _at, ...rest }: Outcome, { outcomes }: Told): boolean {
  const text = JSON.stringify([rest.action, rest.because, rest.messages])
  if (rest.parked !== undefined || outcomes.get(key) === text) return false
  outcomes.set(key, text)
  return true
}

function outcomesIn(body: Buffer | undefined): Outcome[] {
  if (body === undefined) return []
  const { content } = JSON.parse(gunzipSync(body, { maxOutputLength: inflatedBytesMax }).toString('utf8')) as {
    content: readonly Outcome[]
  }
  return [...content]
}
