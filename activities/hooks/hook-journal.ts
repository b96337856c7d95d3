import { hookKey } from '../../core/hooks/judge-hooks.ts'
import type { HookVerdict, KnownHooks } from '../../core/hooks/judge-hooks.ts'
import type { HookResult } from '../../core/hooks/next-hook.ts'
import type { PodHooks } from '../../core/hooks/pod-hooks.ts'
import { journalDamaged } from '../frame/failures.ts'
import { copyShards, furtherShard } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'

/**
 * The shards about exec hooks: `registered` pods, at their create; an intent, `begun` right before a command is sent; its
 * result, `done`. `waiting` says since when pods are waited for, `closed` that no further pod will be registered, `deadline`
 * how long the finalization waits, `verdict` is the result for the restore.
 */
const hookFolder = 'hooks/'
const folders = {
  registered: 'hooks/registered/',
  waiting: 'hooks/waiting/',
  begun: 'hooks/begun/',
  done: 'hooks/done/',
} as const
const closedShard = 'hooks/closed'
const deadlineShard = 'hooks/deadline'
const verdictShard = 'hooks/verdict'

/** Registers pods with hooks. It comes before their outcomes are journalled: after a crash they are registered again, with the same uid. */
export async function registerPods(
  journal: Journal,
  { chunk, attempt, part, more = 0 }: { chunk: string; attempt: string; part: number; more?: number },
  pods: readonly PodHooks[],
): Promise<void> {
  if (pods.length === 0) return
  await journal.write(`${folders.registered}${chunk}/${attempt}-${part}${furtherShard(more)}`, pods)
}

/** Whether pods of this chunk were registered, now or by an earlier attempt. */
export async function hasRegistered(journal: Journal, chunk: string): Promise<boolean> {
  return (await journal.list(`${folders.registered}${chunk}/`)).length > 0
}

/** Records that all pods are registered. */
export async function closeRegistration(journal: Journal, at: string): Promise<void> {
  await journal.writeOnce(closedShard, { at })
}

/** Sets until when the finalization waits, and returns the time that the first attempt has set. */
export async function writeDeadline(journal: Journal, until: string): Promise<string> {
  return (await journal.writeOnce(deadlineShard, { until })).until
}

/** Records since when pods are waited for. Of several such times the first one counts. */
export async function beginWaits(journal: Journal, look: string, waits: HookWaits): Promise<void> {
  await journal.write(`${folders.waiting}${look}`, waits)
}

/** Pods by their uids, and since when they are waited for; RFC 3339. */
interface HookWaits {
  pods: readonly string[]
  since: string
}

/** Until when the finalization waits; undefined where it has not begun to. */
export async function readDeadline(journal: Journal): Promise<string | undefined> {
  return (await journal.read<{ until: string }>(deadlineShard))?.until
}

/** Records that a hook is about to be sent; false where an earlier attempt has recorded it before. */
export async function beginHook(journal: Journal, key: string, attempt: string): Promise<boolean> {
  return (await journal.writeOnce(`${folders.begun}${key}`, { attempt })).attempt === attempt
}

/** Stores the result of a hook; the first one counts. */
export async function finishHook(journal: Journal, key: string, result: HookResult): Promise<HookResult> {
  return journal.writeOnce(`${folders.done}${key}`, result)
}

/** All that the journal holds about the hooks of a restore. */
export interface HookState extends KnownHooks {
  isClosed: boolean
  /** The verdict stands: nothing is to be run any more, and results may have been tidied away. */
  isJudged: boolean
  until: string | undefined
  /** Since when pods with a limit are waited for, in milliseconds, by their uids. */
  since: ReadonlyMap<string, number>
}

/** Reads the hooks of one restore. Called again, it reads only new shards. */
export type HookReader = (journal: Journal) => Promise<HookState>

/** Makes a reader for one restore. */
export function createHookReader(): HookReader {
  const pods = new Map<string, PodHooks>()
  const results = new Map<string, HookResult>()
  const known = new Set<string>()
  const since = new Map<string, number>()
  let until: string | undefined

  return async (journal) => {
    const readNew = async (shards: readonly string[], take: (content: unknown, name: string) => void) => {
      const fresh = shards.filter((name) => !known.has(name))
      await Promise.all(
        fresh.map(async (name) => {
          take(await readListed(journal, name), name)
          known.add(name)
        }),
      )
    }
    const names = await journal.list(hookFolder)
    const inside = (folder: string) => names.filter((name) => name.startsWith(folder))
    await readNew(inside(folders.registered), (list) => {
      for (const pod of list as PodHooks[]) if (!pods.has(pod.uid)) pods.set(pod.uid, pod)
    })
    await readNew(inside(folders.done), (result, name) =>
      results.set(name.slice(folders.done.length), result as HookResult),
    )
    await readNew(inside(folders.waiting), (content) => {
      const waits = content as HookWaits
      for (const uid of waits.pods) since.set(uid, Math.min(since.get(uid) ?? Infinity, Date.parse(waits.since)))
    })
    if (names.includes(deadlineShard)) until ??= (await journal.read<{ until: string }>(deadlineShard))?.until
    return {
      pods: [...pods.values()],
      results,
      intents: new Set(inside(folders.begun).map((name) => name.slice(folders.begun.length))),
      isClosed: names.includes(closedShard),
      isJudged: names.includes(verdictShard),
      until,
      since,
    }
  }
}

async function readListed(journal: Journal, name: string): Promise<unknown> {
  const content = await journal.read(name)
  if (content === undefined) throw journalDamaged(`journal shard ${name} is listed but missing`)
  return content
}

/** The pods with a hook that has no result; undefined where the restore has no hooks. It reads no result. */
export async function podsWithoutResult(journal: Journal): Promise<PodHooks[] | undefined> {
  const names = new Set(await journal.list(hookFolder))
  const registered = [...names].filter((name) => name.startsWith(folders.registered))
  if (registered.length === 0) return undefined
  const lists = await Promise.all(registered.map((name) => readListed(journal, name)))
  const pods = new Map((lists as PodHooks[][]).flat().map((pod) => [pod.uid, pod]))
  const hasResult = (pod: PodHooks, index: number) => names.has(`${folders.done}${hookKey(pod.uid, index)}`)
  return [...pods.values()].filter((pod) => !pod.hooks.every((_, index) => hasResult(pod, index)))
}

/** The results of one pod, by the index of the hook. */
export function resultsOf(pod: PodHooks, results: ReadonlyMap<string, HookResult>): Map<number, HookResult> {
  const found = new Map<number, HookResult>()
  pod.hooks.forEach((_, index) => {
    const result = results.get(hookKey(pod.uid, index))
    if (result !== undefined) found.set(index, result)
  })
  return found
}

/** Stores the verdict, and returns the first one that was stored. */
export function writeVerdict(journal: Journal, verdict: HookVerdict): Promise<HookVerdict> {
  return journal.writeOnce(verdictShard, verdict)
}

/** The verdict of an earlier attempt or run. */
export function readVerdict(journal: Journal): Promise<HookVerdict | undefined> {
  return journal.read<HookVerdict>(verdictShard)
}

/**
 * Copies what a retry must know of the hooks of the run before: all pods, and the hooks that were sent. A hook that was
 * never sent, since its container did not run in time, has no result there and gets its chance again.
 */
export async function carryHooks(from: Journal, to: Journal): Promise<void> {
  const names = await from.list(hookFolder)
  const inside = (folder: string) => names.filter((name) => name.startsWith(folder))
  const begun = new Set(inside(folders.begun).map((name) => name.slice(folders.begun.length)))
  const sent = inside(folders.done).filter((name) => begun.has(name.slice(folders.done.length)))
  await copyShards(from, to, [...inside(folders.registered), ...inside(folders.begun), ...sent])
}

/** The shards that are not needed once the verdict is stored and nothing is left to retry: they hold the command lines. */
export async function hookShardsToRemove(journal: Journal): Promise<string[]> {
  const names = await journal.list(hookFolder)
  if (!names.includes(verdictShard)) return []
  return names.filter((name) => Object.values(folders).some((folder) => name.startsWith(folder)))
}
