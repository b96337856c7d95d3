import { troubleOf } from '../../core/items/item-trouble.ts'
import { ApiError } from '../../core/port-errors.ts'
import { differences } from './differences.ts'
import type { Difference } from './differences.ts'
import type { GoldenCase, Outcome } from './golden-case.ts'
import { withKnownNames } from './known-names.ts'
import type { Restored } from './restore-case.ts'
import { toleratedBy } from './tolerated.ts'
import { withoutWanted } from './wanted-messages.ts'

/** What came of a comparison: green where nothing is left in `wrong`. */
export interface Comparison {
  wrong: readonly Difference[]
  /** Reasons that were used, each with how often. */
  tolerated: ReadonlyMap<string, number>
}

/** Compares a restore by Drydock with the one that Velero made. */
export function compareOutcomes(golden: GoldenCase, restored: Restored): Comparison {
  const wrong: Difference[] = []
  const reasons = new Map<string, number>()
  const expected = inOneOrder(withKnownNames(golden.outcome, golden.uid, golden.backup))
  const actual = inOneOrder(withKnownNames(restored.outcome, restored.uid, golden.backup))
  const wanted = withoutWanted(expected, actual)
  for (const reason of wanted.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  for (const difference of differences(expected, wanted.outcome)) {
    const entry = toleratedBy(difference, golden)
    if (entry === undefined) wrong.push(difference)
    else reasons.set(`${entry.path}: ${entry.reason}`, (reasons.get(`${entry.path}: ${entry.reason}`) ?? 0) + 1)
  }
  return { wrong, tolerated: reasons }
}

/**
 * The conditions of CRDs by their type: each comes from another controller of the API server, in any order. Volume infos by
 * what they say: in Velero their order is random.
 */
function inOneOrder(outcome: Outcome): Outcome {
  const sorted = Object.entries(outcome.cluster).map(([key, object]) => {
    const { conditions = [] } = (object?.['status'] ?? {}) as { conditions?: { type: string }[] }
    if (object === null || !key.startsWith('customresourcedefinitions.')) return [key, object] as const
    const inOrder = conditions.toSorted((a, b) => (a.type < b.type ? -1 : 1))
    return [key, { ...object, status: { ...(object['status'] as object), conditions: inOrder } }] as const
  })
  const infos = outcome['volume info']
  const volumeInfo = Array.isArray(infos) ? infos.toSorted((a, b) => (pvIn(a) < pvIn(b) ? -1 : 1)) : infos
  return { ...outcome, cluster: Object.fromEntries(sorted), 'volume info': volumeInfo as unknown }
}

const pvIn = (info: unknown): string => JSON.stringify([(info as { pvName?: string }).pvName ?? '', info])

/** A difference as a line for a person. */
export function describeDifference({ path, expected, actual }: Difference): string {
  return `${path.join(' / ')}: Velero ${shown(expected)}, Drydock ${shown(actual)}`
}

function shown(value: unknown): string {
  if (value === undefined) return 'has nothing'
  const text = JSON.stringify(value)
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text
}

const shownMax = 600

/** An error that Velero gave for an item, which Drydock would send again. */
interface Retryable {
  text: string
  namespace: string
  /** As in `pods/shop/web`. */
  resource: string
  /** As the resource list names it. */
  listed: string
}

/** Whether Velero gave up an item of the case that Drydock would try again: only then do second chances make a difference. */
export function hasSecondChances(golden: GoldenCase): boolean {
  return retryableErrors(golden.outcome).length > 0
}

/**
 * The outcome of a restore with second chances as it would be without: the note of the tries is taken off, and an item
 * that succeeded later is put back to Velero's error, with its object, its line of the resource list and its count.
 * Everything else is left as it is, so it must be equal to Velero's.
 */
export function withoutSecondChances(
  expected: Outcome,
  actual: Outcome,
): { outcome: Outcome; reasons: readonly string[] } {
  const outcome = structuredClone(actual)
  const reasons: string[] = []
  const retryable = retryableErrors(expected)
  const errors = errorsOf(outcome)
  for (const list of [errors.cluster ?? [], ...Object.values(errors.namespaces ?? {})]) {
    list.forEach((text, at) => {
      const untold = text.replace(triedNote, '')
      if (untold === text || !retryable.some((one) => one.text === untold)) return
      list[at] = untold
      reasons.push('second chances: an error says how often the item was tried')
    })
  }
  for (const one of retryable) {
    if (!takeCreated(outcome, one)) continue
    reasons.push('second chances: an item succeeded that Velero gave up')
    if (one.resource.startsWith('pods/')) takeHooks(outcome, one, expected)
  }
  return { outcome, reasons }
}

const triedNote = / \(tried \d+ times until [\dT:.-]+Z\)$/

/** Puts an item that was created in a later try back to Velero's error; false where it was not created. */
function takeCreated(outcome: Outcome, { text, namespace, resource, listed }: Retryable): boolean {
  const lists = outcome['resource list'] as Record<string, string[]> | undefined
  const [plural = ''] = resource.split('/')
  for (const [kind, names] of Object.entries(lists ?? {})) {
    const isKind = plural.split('.')[0]?.startsWith((kind.split('/').at(-1) ?? '').toLowerCase()) === true
    const at = isKind ? names.indexOf(`${listed}(created)`) : -1
    if (at < 0) continue
    names[at] = `${listed}(failed)`
    addError(outcome, namespace, text)
    outcome.cluster = Object.fromEntries(
      Object.entries(outcome.cluster).filter(([key]) => key !== resource.replaceAll('/', '|')),
    )
    return true
  }
  return false
}

/** Takes away what the hooks of a pod came to that Velero did not create: no kubelet runs it here, so they all fail. */
function takeHooks(outcome: Outcome, { namespace, listed }: Retryable, expected: Outcome): void {
  const { namespaces = {} } = errorsOf(outcome)
  const texts = namespaces[namespace] ?? []
  const others = texts.filter((text) => !(text.startsWith('hook ') && text.includes(` in pod ${listed} `)))
  if (others.length === texts.length) return
  namespaces[namespace] = others
  const { status } = outcome.restore
  status['errors'] = Number(status['errors']) - (texts.length - others.length)
  status['hookStatus'] = expected.restore.status['hookStatus']
}

function addError(outcome: Outcome, namespace: string, text: string): void {
  const { status } = outcome.restore
  status['errors'] = Number(status['errors'] ?? 0) + 1
  if (status['phase'] === 'Completed') status['phase'] = 'PartiallyFailed'
  const errors = errorsOf(outcome)
  if (namespace === '') (errors.cluster ??= []).push(text)
  else ((errors.namespaces ??= {})[namespace] ??= []).push(text)
}

function retryableErrors(outcome: Outcome): Retryable[] {
  const { cluster = [], namespaces = {} } = errorsOf(outcome)
  return [
    ...cluster.flatMap((text) => asRetryable(text, '')),
    ...Object.entries(namespaces).flatMap(([namespace, texts]) =>
      texts.flatMap((text) => asRetryable(text, namespace)),
    ),
  ]
}

function asRetryable(text: string, namespace: string): Retryable[] {
  const [, resource = '', message = ''] = /^error restoring (\S+): (.*)$/s.exec(text) ?? []
  const kind = troubleOf(new ApiError({ code: 403, reason: 'Forbidden', message }))
  if (kind !== 'missing' && kind !== 'backend') return []
  return [{ text, namespace, resource, listed: resource.slice(resource.indexOf('/') + 1) }]
}

interface Errors {
  cluster?: string[]
  namespaces?: Record<string, string[]>
}

function errorsOf(outcome: Outcome): Errors {
  const results = (outcome.results ?? {}) as { errors?: Errors }
  return (results.errors ??= {})
}
