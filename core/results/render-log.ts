import type { RestoreSpec } from '../../velero/restore.ts'
import { parseItemKey } from '../items/outcome.ts'
import type { Message, Outcome } from '../items/outcome.ts'
import type { Plan } from '../plan/plan.ts'
import type { LeaveReason } from '../plan/select-items.ts'
import { withPauses } from '../values/slices.ts'
import { byTimeInSteps } from './packed-tally.ts'
import type { Tally } from './tally.ts'

/** What the log says about the restore itself. */
export interface LogFrame {
  restore: { name: string; namespace: string }
  spec: RestoreSpec
  startedAt: string
  endedAt: string
  /** How many items of the backup were not selected, by the reason. */
  leftOut?: Plan['leftOut']
  /** Nothing is restored: what the log says of an item of a plan. */
  wouldBe?: (outcome: Outcome) => string
  /** What the log says of the restore as a whole, in sentences. */
  remarks?: readonly string[]
  /** The plan has no item. */
  isEmpty?: boolean
}

/**
 * The content of `restore-<name>-logs.gz`: one line per item, sorted by time, then all messages, in the format of
 * Velero's text log, which `velero restore logs` prints.
 */
export function renderLog(tally: Tally, frame: LogFrame): string {
  return [...logInPieces(tally, frame)].join('')
}

/** {@link renderLog} in pieces; an empty one is a pause. */
export function* logInPieces(tally: Tally, frame: LogFrame): Generator<string> {
  const line = lineOf(frame.restore)
  const what = frame.wouldBe === undefined ? 'restore' : 'plan'
  yield line(frame.startedAt, 'info', `starting ${what}`)
  const backup = `${frame.restore.namespace}/${frame.spec.backupName ?? ''}`
  yield line(frame.startedAt, 'info', `Starting ${what} of backup ${backup}`)
  for (const sentence of nothingSentence(frame)) yield line(frame.startedAt, 'warning', sentence)
  for (const sentence of leftOutSentence(frame.leftOut)) yield line(frame.startedAt, 'info', sentence)
  const outcomes = yield* withPauses(byTimeInSteps(tally))
  const telling: Outcome[] = []
  for (const outcome of outcomes) {
    if (outcome.messages.length > 0) telling.push(outcome)
    yield itemLine(outcome, line, frame.wouldBe ?? sentenceOf).join('')
  }
  for (const outcome of telling) {
    for (const message of outcome.messages) yield line(frame.endedAt, ...wordsOf(message), fieldsOf(outcome) ?? {})
  }
  for (const remark of frame.remarks ?? []) yield line(frame.endedAt, 'info', remark)
  yield line(frame.endedAt, 'info', `${what} completed`)
}

/** The lines about one outcome, as the log will have them: what became of the item, then its messages. */
export function outcomeLines(outcome: Outcome, restore: LogFrame['restore']): string[] {
  const line = lineOf(restore)
  const messages = outcome.messages.map((message) => line(outcome.at, ...wordsOf(message), fieldsOf(outcome) ?? {}))
  return [...itemLine(outcome, line, sentenceOf), ...messages]
}

function lineOf({ namespace, name }: LogFrame['restore']): Line {
  const restore = `${namespace}/${name}`
  return (time, level, message, fields = {}) => {
    const pairs = Object.entries({ ...fields, restore }).map(([key, value]) => ` ${key}=${quote(value)}`)
    return `time="${time}" level=${level} msg=${quote(message)}${pairs.join('')}\n`
  }
}

/** The items that a reason of the selection leaves out, in words. */
const leftOutItems: Record<LeaveReason, string> = {
  'resource-excluded': 'of excluded resources',
  'namespace-excluded': 'in excluded namespaces',
  'cluster-scoped-excluded': 'at cluster scope',
  'kind-not-in-policy': 'of kinds that the filter policy does not list',
  'labels-do-not-match': 'whose labels do not match',
  'name-not-in-policy': 'whose names the filter policy does not accept',
  'object-not-asked': 'that are not among the objects asked for by name',
}

/**
 * One sentence, or none if all items were selected. An item that was not selected may still be restored as an
 * additional item.
 */
function leftOutSentence(leftOut: Plan['leftOut'] = {}): string[] {
  const parts = Object.entries(leftOut).map(([reason, count]) => `${count} ${leftOutItems[reason as LeaveReason]}`)
  return parts.length === 0 ? [] : [`Items of the backup that are not selected: ${parts.join(', ')}`]
}

/** One sentence where no item was selected of included namespaces: Velero ends such a restore as Completed without a word. */
export function nothingSentence({ isEmpty, spec }: Pick<LogFrame, 'isEmpty' | 'spec'>): string[] {
  const names = (spec.includedNamespaces ?? []).filter((name) => name !== '*')
  if (isEmpty !== true || names.length === 0) return []
  return [`Nothing to restore: the backup has no item in the included namespaces ${names.join(', ')}`]
}

type Line = (time: string, level: string, message: string, fields?: Record<string, string>) => string

function itemLine(outcome: Outcome, line: Line, words: (outcome: Outcome) => string): string[] {
  const fields = fieldsOf(outcome)
  if (fields === undefined) return []
  const tries = outcome.tries === undefined ? '' : `, after ${outcome.tries} tries`
  const reason = `${tries}${outcome.because === undefined ? '' : `: ${outcome.because}`}`
  return [line(outcome.at, 'info', `${words(outcome)}${reason}`, fields)]
}

/** The item of an outcome; undefined for a step of the restore. Messages of modifiers name no item, so their lines do. */
function fieldsOf({ key }: Outcome): Record<string, string> | undefined {
  const item = parseItemKey(key)
  if (item === undefined) return undefined
  const namespace = item.namespace === undefined ? {} : { namespace: item.namespace }
  return { groupResource: item.groupResource, ...namespace, 'original name': item.name }
}

function sentenceOf(outcome: Outcome): string {
  const name = outcome.listed === undefined ? '' : `${outcome.listed.kind} ${outcome.listed.name}`
  switch (outcome.action) {
    case 'created':
      return `Restored ${name}`
    case 'updated':
      return `Updated ${name}`
    case 'skipped':
      return `Skipped ${name}`
    case 'failed':
      return `Not restored: ${name}`
    default:
      return 'Nothing to restore for this item'
  }
}

/** Level and words of the line about a message. */
function wordsOf({ severity, scope, text }: Message): [level: string, words: string] {
  const level = severity === 'error' ? 'error' : 'warning'
  if (scope === 'velero') return [level, `Velero restore ${level}: ${text}`]
  if (scope === 'cluster') return [level, `Cluster resource restore ${level}: ${text}`]
  return [level, `Namespace ${scope.slice('namespace:'.length)}, resource restore ${level}: ${text}`]
}

/** Quotes a value as logrus does, with the escapes of Go. Keys are not quoted. */
function quote(value: string): string {
  if (/^[A-Za-z0-9\-._/@^+]*$/.test(value)) return value
  return JSON.stringify(value).replace(/\\\\|\\u00[01][0-9a-f]|\\b|[\u007f-\u00a0\u00ad\u2028\u2029\ufeff]/g, goEscape)
}

/** The escapes that differ between JSON and Go. */
function goEscape(text: string): string {
  if (text === String.raw`\\`) return text
  const code = text === String.raw`\b` ? 8 : text.length > 1 ? Number.parseInt(text.slice(2), 16) : text.charCodeAt(0)
  if (code === 7) return String.raw`\a`
  if (code === 8) return String.raw`\b`
  if (code === 11) return String.raw`\v`
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** So many are quoted where people see them at once; the log has all. */
const quotedMax = 3
/** The text stands in an Event, which takes 1,024 characters. */
const textMax = 900

/**
 * What people should know of a restore where Velero says nothing, so that the results say nothing either: labels that got
 * lost, a claim that cannot be bound, an update of an object that goes away, included namespaces of which the backup has
 * nothing. One text with the first few; undefined where there is nothing to say.
 */
export function remarksOf(tally: Tally, frame: Pick<LogFrame, 'spec' | 'isEmpty' | 'remarks'>): string | undefined {
  const remarks = [...nothingSentence(frame), ...(frame.remarks ?? []), ...[...tally.values()].flatMap(remarkIn).sort()]
  if (remarks.length === 0) return undefined
  const more = remarks.length > quotedMax ? [`and ${remarks.length - quotedMax} more in the log`] : []
  return [...remarks.slice(0, quotedMax), ...more].join('; ').slice(0, textMax)
}

/** The reason of an object that was written is a remark; that of others says why they were not. */
function remarkIn({ action, because, listed }: Outcome): string[] {
  if (because === undefined || (action !== 'created' && action !== 'updated')) return []
  return [`${listed?.kind ?? ''} ${listed?.name ?? ''}: ${because}`]
}
