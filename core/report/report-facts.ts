import { error, parseItemKey, warning } from '../items/outcome.ts'
import type { Message, Outcome } from '../items/outcome.ts'
import { isListed } from '../results/tally.ts'
import type { Tally } from '../results/tally.ts'
import { finish, forEachInSteps } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
import { messagesOf } from '../../velero/results.ts'
import type { ItemAction, ResourceList, Results } from '../../velero/results.ts'
import type { TimelineEntry } from './timeline.ts'
import type { Restore } from '../../velero/restore.ts'

/** What a report says of the restore itself. */
export interface ReportedRestore {
  namespace: string
  name: string
  backup: string
  schedule?: string
  phase: string
  /** Why it failed or was cancelled. */
  reason?: string
  /** RFC 3339. */
  startedAt: string
  endedAt: string
  hooks?: { attempted: number; failed: number }
}

/** One item, as short as it can be: a page holds 100,000 of them. */
export type ReportedItem = readonly [
  /** The place of its kind in `kinds`. */
  kind: number,
  /** The place of its namespace in `namespaces`; 0 for items of the cluster. */
  namespace: number,
  name: string,
  /** The first letter of its action; empty where it is not listed. */
  action: string,
  /** Seconds from the start of the restore to its outcome. */
  seconds: number,
  /** How often it was sent. */
  tries: number,
  /** Its messages, and why it was not written. */
  texts: readonly string[],
]

/** How many items of one kind or namespace came to which end. */
export type ActionCounts = Record<ItemAction, number>

/** Everything that a report shows. */
export interface ReportFacts {
  restore: ReportedRestore
  counts: ActionCounts & { listed: number; warnings: number; errors: number }
  timeline: readonly TimelineEntry[]
  kinds: readonly string[]
  namespaces: readonly string[]
  byKind: ReadonlyMap<string, ActionCounts>
  byNamespace: ReadonlyMap<string, ActionCounts>
  items: readonly ReportedItem[]
  /** Items that are not shown, since there are too many. */
  itemsLeftOut: number
  errors: readonly string[]
  warnings: readonly string[]
  /** The finalization tasks, with what each of them found. */
  tasks: readonly { name: string; at: string; texts: readonly string[] }[]
}

/** Items that a page holds; of more, those with trouble come first. */
export const itemsMax = 100_000

/** Characters of a message in the table of items: the groups of failures and the results file have the whole text. */
const textMax = 500

/** Messages that are looked at: the results file has them all. */
const messagesMax = 20_000

const taskPrefix = 'finalize/'

/** Gathers what a report says from all outcomes of a restore. */
export function* reportFactsInSteps(
  tally: Tally,
  restore: ReportedRestore,
  timeline: readonly TimelineEntry[],
): Steps<ReportFacts> {
  const gathered = new Gathered(Date.parse(restore.startedAt))
  yield* forEachInSteps(tally.values(), (outcome) => gathered.add(outcome))
  const { listed, warnings, errors, total } = gathered
  return {
    restore,
    counts: { ...total, listed, warnings: warnings.count, errors: errors.count },
    timeline,
    kinds: gathered.kinds.words,
    namespaces: gathered.namespaces.words,
    byKind: gathered.byKind,
    byNamespace: gathered.byNamespace,
    items: [...gathered.troubled, ...gathered.others].slice(0, itemsMax),
    itemsLeftOut: gathered.leftOut(),
    errors: errors.texts,
    warnings: warnings.texts,
    tasks: gathered.tasks,
  }
}

class Gathered {
  readonly kinds = new Words([])
  readonly namespaces = new Words([''])
  readonly byKind = new Map<string, ActionCounts>()
  readonly byNamespace = new Map<string, ActionCounts>()
  readonly troubled: ReportedItem[] = []
  readonly others: ReportedItem[] = []
  readonly tasks: { name: string; at: string; texts: string[] }[] = []
  readonly errors = { count: 0, texts: [] as string[] }
  readonly warnings = { count: 0, texts: [] as string[] }
  readonly total = noActions()
  listed = 0
  #items = 0
  readonly #startedMs: number

  constructor(startedMs: number) {
    this.#startedMs = startedMs
  }

  add(outcome: Outcome): void {
    for (const message of outcome.messages) this.#addMessage(message)
    const address = parseItemKey(outcome.key)
    if (address === undefined) return this.#addStep(outcome)
    this.#items++
    const kind = outcome.listed?.kind ?? address.groupResource
    const { namespace, name } = placeOf(outcome, address)
    if (isListed(outcome)) {
      this.listed++
      this.total[outcome.action]++
      countIn(this.byKind, kind)[outcome.action]++
      countIn(this.byNamespace, namespace)[outcome.action]++
    }
    const hasTrouble = outcome.messages.length > 0 || (outcome.tries ?? 1) > 1
    const list = hasTrouble ? this.troubled : this.others
    if (list.length >= itemsMax) return
    list.push([
      this.kinds.placeOf(kind),
      this.namespaces.placeOf(namespace),
      name,
      outcome.action?.charAt(0) ?? '',
      Math.max(0, Math.round((Date.parse(outcome.at) - this.#startedMs) / 1000) || 0),
      outcome.tries ?? 1,
      [...outcome.messages.map(({ text }) => text), ...(outcome.because === undefined ? [] : [outcome.because])].map(
        (text) => text.slice(0, textMax),
      ),
    ])
  }

  leftOut(): number {
    return Math.max(0, this.#items - itemsMax)
  }

  #addMessage({ severity, text }: Message): void {
    const list = severity === 'error' ? this.errors : this.warnings
    list.count++
    if (list.texts.length < messagesMax) list.texts.push(text)
  }

  #addStep({ key, at, messages }: Outcome): void {
    if (!key.startsWith(taskPrefix)) return
    this.tasks.push({ name: key.slice(taskPrefix.length), at, texts: messages.map(({ text }) => text) })
  }
}

/** The namespace and the name that an item has in the cluster; those in the backup where it is not listed. */
function placeOf(
  { listed }: Outcome,
  address: { namespace?: string; name: string },
): { namespace: string; name: string } {
  if (listed === undefined) return { namespace: address.namespace ?? '', name: address.name }
  const [first = '', ...rest] = listed.name.split('/')
  return rest.length === 0 ? { namespace: '', name: first } : { namespace: first, name: rest.join('/') }
}

function countIn(counts: Map<string, ActionCounts>, key: string): ActionCounts {
  const known = counts.get(key) ?? noActions()
  counts.set(key, known)
  return known
}

/** Counts to begin with. */
export function noActions(): ActionCounts {
  return { created: 0, updated: 0, skipped: 0, failed: 0 }
}

/** Words by number. */
export class Words {
  readonly words: string[]
  readonly #places: Map<string, number>

  constructor(words: string[]) {
    this.words = words
    this.#places = new Map(words.map((word, place) => [word, place]))
  }

  placeOf(word: string): number {
    const known = this.#places.get(word)
    if (known !== undefined) return known
    this.#places.set(word, this.words.length)
    return this.words.push(word) - 1
  }
}

/** What a report says of the Restore; `now` where its times are missing. */
export function reportedRestore({ metadata, spec, status = {} }: Restore, now: string): ReportedRestore {
  const { hookStatus, failureReason, startTimestamp, completionTimestamp } = status
  const hooks = { attempted: hookStatus?.hooksAttempted ?? 0, failed: hookStatus?.hooksFailed ?? 0 }
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    backup: spec.backupName ?? '',
    ...(spec.scheduleName ? { schedule: spec.scheduleName } : {}),
    phase: status.phase || 'New',
    ...(failureReason ? { reason: failureReason } : {}),
    startedAt: startTimestamp ?? now,
    endedAt: completionTimestamp ?? now,
    ...(hookStatus === undefined ? {} : { hooks }),
  }
}

const actions: readonly ItemAction[] = ['created', 'updated', 'skipped', 'failed']

/**
 * What a report says of a restore of which only the result files are there: one of Velero's, or one whose worker could not write
 * the report. It has no timeline, and messages are not with their items.
 */
export function reportFactsOfFiles(restore: ReportedRestore, list: ResourceList, results: Results): ReportFacts {
  const outcomes = new Map<string, Outcome>()
  for (const [kind, names] of Object.entries(list)) {
    for (const entry of names) {
      const [, name = entry, word = ''] = /^(.*)\(([a-z]+)\)$/s.exec(entry) ?? []
      const action = actions.find((known) => known === word)
      const key = `${kind}|${name}|`
      outcomes.set(key, { key, ...(action && { action }), listed: { kind, name }, messages: [], at: restore.startedAt })
    }
  }
  const messages = [
    ...messagesOf(results.errors).map((text) => error('velero', text)),
    ...messagesOf(results.warnings).map((text) => warning('velero', text)),
  ]
  outcomes.set('messages', { key: 'messages', messages, at: restore.endedAt })
  return finish(reportFactsInSteps(outcomes, restore, []))
}
