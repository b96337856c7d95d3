import { formatGroupResource } from '../../velero/resource.ts'
import type { StepCounts, UndoStep } from './undo-step.ts'
import { forEachInSteps } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
import { blocksInPieces, more, tableOf } from '../report/blocks.ts'
import type { Block } from '../report/blocks.ts'
import { escapeHtml, nameHtml } from '../report/html.ts'
import { itemsInPieces } from '../report/items-table.ts'
import { pageHead } from '../report/page-head.ts'
import { pageScriptHash } from '../report/page-script.ts'
import { itemsMax, Words } from '../report/report-facts.ts'
import type { ReportedItem } from '../report/report-facts.ts'

/** What the report of an undo is about. */
export interface ReportedUndo {
  restore: string
  backup: string
  /** When it ended; RFC 3339. */
  at: string
  /** Why it stopped before its end; absent where it has done all. */
  stopped?: string
  /** Custom objects that were deleted and had not gone in time, a clause each. */
  stillThere: readonly string[]
  counts: Omit<StepCounts, 'keptFirst'>
}

/** Everything that the report of an undo shows. */
export interface UndoReportFacts {
  undo: ReportedUndo
  kinds: readonly string[]
  namespaces: readonly string[]
  byKind: ReadonlyMap<string, Record<UndoStep['do'], number>>
  kept: readonly UndoStep[]
  items: readonly ReportedItem[]
  itemsLeftOut: number
}

/** Rows of a table that are shown. */
const rowsMax = 200
/** Characters of a reason. */
const textMax = 500

const words: Readonly<Record<UndoStep['do'], string>> = {
  delete: 'deleted',
  'put-back': 'put back',
  keep: 'kept',
  gone: 'gone before',
}
const actions = Object.fromEntries(Object.entries(words).map(([what, word]) => [what.charAt(0), word]))

/** Gathers what the report of an undo says. Kept objects come first. */
export function* undoReportFactsInSteps(steps: readonly UndoStep[], undo: ReportedUndo): Steps<UndoReportFacts> {
  const kinds = new Words([])
  const namespaces = new Words([''])
  const byKind = new Map<string, Record<UndoStep['do'], number>>()
  const lists: { kept: ReportedItem[]; others: ReportedItem[] } = { kept: [], others: [] }
  yield* forEachInSteps(steps, ({ object, do: what, because }) => {
    const kind = formatGroupResource(object.resource, object.group)
    const counts = byKind.get(kind) ?? { delete: 0, 'put-back': 0, keep: 0, gone: 0 }
    counts[what]++
    byKind.set(kind, counts)
    const list = what === 'keep' ? lists.kept : lists.others
    if (list.length >= itemsMax) return
    const texts = because === undefined ? [] : [because.slice(0, textMax)]
    const place = namespaces.placeOf(object.namespace ?? '')
    list.push([kinds.placeOf(kind), place, object.name, what.charAt(0), 0, 1, texts])
  })
  return {
    undo,
    kinds: kinds.words,
    namespaces: namespaces.words,
    byKind,
    kept: steps.filter((step) => step.do === 'keep').slice(0, rowsMax),
    items: [...lists.kept, ...lists.others].slice(0, itemsMax),
    itemsLeftOut: Math.max(0, steps.length - itemsMax),
  }
}

/** The report of an undo as one HTML page, in pieces, like that of its restore. */
export function* undoReportInPieces(facts: UndoReportFacts): Generator<string> {
  const { undo, kinds, namespaces, items, itemsLeftOut } = facts
  const isWhole = undo.stopped === undefined && undo.counts.kept + undo.stillThere.length === 0
  const look = undo.stopped !== undefined ? 'Failed' : isWhole ? 'Completed' : 'PartiallyFailed'
  yield `${pageHead({ title: `Undo of restore ${undo.restore}`, scriptHash: pageScriptHash })}<a class="skip" href="#main">Skip to the content</a>
<header>
<h1>Undo of restore ${nameHtml(undo.restore)}</h1>
<p class="verdict ${look}">${sentencesOf(undo)}</p>
</header>
`
  yield* blocksInPieces([keptBlock(facts), stillThereBlock(undo), countedBlock(facts)])
  yield* itemsInPieces({
    itemsLeftOut,
    allAt: `restore-${escapeHtml(undo.restore)}-undo.json.gz in the backup location`,
    caption: 'What was done about each object that the restore had created or changed.',
    data: { kinds, namespaces, items, isTimed: false, actions },
  })
}

function sentencesOf({ restore, backup, at, stopped, counts: { deleted, putBack, kept, gone } }: ReportedUndo): string {
  const parts = [
    `${objects(deleted)} deleted`,
    `${objects(putBack)} put back`,
    ...(kept > 0 ? [`${objects(kept)} kept as they are`] : []),
    ...(gone > 0 ? [`${objects(gone)} gone before`] : []),
  ]
  const end =
    stopped === undefined
      ? 'It has done all that it could.'
      : `It stopped: ${escapeHtml(stopped)}. Started again, it goes on from there.`
  return `What restore ${nameHtml(restore)} of backup ${nameHtml(backup)} had done was taken back until ${escapeHtml(at)}: ${parts.join(', ')}. ${end}`
}

function objects(count: number): string {
  return `${count} object${count === 1 ? '' : 's'}`
}

function keptBlock({ kept, undo }: UndoReportFacts): Block | undefined {
  if (kept.length === 0) return undefined
  const rows = kept.map(({ object, because = '' }) => {
    const { group, resource, namespace = '', name } = object
    const cells = [formatGroupResource(resource, group), namespace, name, because.slice(0, textMax)]
    return `<tr>${cells.map((text) => `<td>${nameHtml(text)}</td>`).join('')}</tr>`
  })
  const head = ['Kind', 'Namespace', 'Name', 'Why'].map((word) => `<th scope="col">${word}</th>`).join('')
  const html = tableOf('Objects that stay as they are', head, rows) + more(undo.counts.kept - rows.length, 'objects')
  return { id: 'kept', title: 'Kept', html }
}

function stillThereBlock({ stillThere }: ReportedUndo): Block | undefined {
  if (stillThere.length === 0) return undefined
  const rows = stillThere.map((text) => `<tr><td>${nameHtml(text)}</td></tr>`)
  const html = tableOf('Deleted, and not gone in time', '<th scope="col">Object</th>', rows)
  return { id: 'still-there', title: 'On their way out', html }
}

function countedBlock({ byKind }: UndoReportFacts): Block {
  const total = (counts: Record<UndoStep['do'], number>) => Object.values(counts).reduce((sum, count) => sum + count, 0)
  const sorted = [...byKind].sort(([a, one], [b, other]) => total(other) - total(one) || (a < b ? -1 : 1))
  const columns = Object.keys(words) as UndoStep['do'][]
  const rows = sorted.slice(0, rowsMax).map(([kind, counts]) => {
    const cells = columns.map((what) => `<td class="number">${counts[what]}</td>`).join('')
    return `<tr><th scope="row">${nameHtml(kind)}</th>${cells}</tr>`
  })
  const numbers = columns.map((what) => `<th scope="col" class="number">${capital(words[what])}</th>`).join('')
  const html = tableOf('Objects by kind', `<th scope="col">Kind</th>${numbers}`, rows)
  return { id: 'counts', title: 'Objects by kind', html: html + more(sorted.length - rowsMax, 'kinds') }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
