import { groupFailures } from './failure-groups.ts'
import { escapeHtml, nameHtml } from './html.ts'
import type { ActionCounts, ReportedItem, ReportFacts } from './report-facts.ts'
import { duration } from './verdict.ts'

/** One part of the page. */
export interface Block {
  id: string
  title: string
  html: string
}

/** Links to the parts of a page, and the parts; the table of items comes after them. */
export function* blocksInPieces(all: readonly (Block | undefined)[]): Generator<string> {
  const blocks = all.filter((block) => block !== undefined)
  const parts = [...blocks.map(({ id, title }) => ({ id, title })), { id: 'items', title: 'Items' }]
  yield `<nav aria-label="Parts of this page"><ul>${parts.map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`).join('')}</ul></nav>
<main id="main">
`
  for (const { id, title, html } of blocks)
    yield `<section id="${id}" aria-labelledby="${id}-title">\n<h2 id="${id}-title">${title}</h2>\n${html}\n</section>\n`
}

/** Groups, and rows of a table, that are shown. */
const groupsMax = 100
const rowsMax = 200
const itemsMax = 50

/** Errors or warnings by their cause, each with what to do; undefined where there are none. */
export function failureBlock(facts: ReportFacts, what: 'errors' | 'warnings'): Block | undefined {
  const messages = facts[what]
  if (messages.length === 0) return undefined
  const groups = groupFailures(messages)
  const shown = groups.slice(0, groupsMax).map(({ cause, advice, count, examples }, index) => {
    const open = what === 'errors' && index < 3 ? ' open' : ''
    return `<details${open}><summary><strong>${count} ×</strong> ${nameHtml(cause)}</summary>
<p>${escapeHtml(advice)}</p>
<pre>${examples.map((text) => escapeHtml(text)).join('\n')}</pre>${more(count - examples.length, 'messages of this kind')}</details>`
  })
  const title = what === 'errors' ? 'Errors by cause' : 'Warnings by cause'
  return { id: what, title, html: shown.join('\n') + more(groups.length - groupsMax, 'causes') }
}

const kindWords = {
  phase: 'phase',
  wave: 'wave',
  wait: 'waited for',
  task: 'finalization task',
  pause: 'paused',
} as const

/** Phases, waves and waits in their order, each with a bar for its time; undefined where nothing is known of them. */
export function timelineBlock({ timeline, restore }: ReportFacts): Block | undefined {
  if (timeline.length === 0) return undefined
  const endMs = Date.parse(restore.endedAt)
  const startMs = Math.min(Date.parse(restore.startedAt), ...timeline.map(({ atMs }) => atMs))
  const wholeMs = Math.max(1, endMs - startMs)
  const rows = timeline.map((entry, index) => {
    const next = timeline.find((other, at) => at > index && other.kind === entry.kind)
    const untilMs = Math.max(entry.atMs, entry.untilMs ?? next?.atMs ?? endMs)
    const from = Math.min(99, ((entry.atMs - startMs) / wholeMs) * 100)
    const width = Math.max(0.3, Math.min(100 - from, ((untilMs - entry.atMs) / wholeMs) * 100))
    return `<tr><td class="number">+${duration(entry.atMs - startMs)}</td><td>${kindWords[entry.kind]} ${nameHtml(entry.text)}</td><td class="number">${duration(untilMs - entry.atMs)}</td><td style="width:35%"><span class="bar" style="margin-left:${from.toFixed(1)}%;width:${width.toFixed(1)}%"></span></td></tr>`
  })
  const head = '<th scope="col">After</th><th scope="col">What</th><th scope="col">Took</th><th scope="col">When</th>'
  return { id: 'timeline', title: 'Timeline', html: tableOf('What happened, in its order', head, rows) }
}

/** Items by kind and by namespace. */
export function countedBlock({ byKind, byNamespace }: ReportFacts): Block {
  return {
    id: 'counts',
    title: 'Items by kind and namespace',
    html: countTable('Kind', byKind) + countTable('Namespace', byNamespace),
  }
}

function countTable(title: string, counts: ReadonlyMap<string, ActionCounts>): string {
  const sorted = [...counts].sort(([a, one], [b, other]) => sum(other) - sum(one) || (a < b ? -1 : 1))
  const rows = sorted.slice(0, rowsMax).map(([key, { created, updated, skipped, failed }]) => {
    const cells = [created, updated, skipped, failed].map((count) => `<td class="number">${count}</td>`).join('')
    return `<tr><th scope="row">${key === '' ? 'the cluster itself' : nameHtml(key)}</th>${cells}</tr>`
  })
  const numbers = ['Created', 'Updated', 'Skipped', 'Failed'].map(
    (word) => `<th scope="col" class="number">${word}</th>`,
  )
  const head = `<th scope="col">${title}</th>${numbers.join('')}`
  return tableOf(`Items by ${title.toLowerCase()}`, head, rows) + more(sorted.length - rowsMax, 'rows')
}

function sum({ created, updated, skipped, failed }: ActionCounts): number {
  return created + updated + skipped + failed
}

/** Items that were sent more than once; undefined where there are none. */
export function retriedBlock(facts: ReportFacts): Block | undefined {
  const retried = facts.items.filter(([, , , , , tries]) => tries > 1).sort((a, b) => b[5] - a[5])
  if (retried.length === 0) return undefined
  const rows = retried.slice(0, itemsMax).map((item) => itemRow(facts, item, `${item[5]} tries`))
  return {
    id: 'retried',
    title: 'Second chances',
    html: itemTable('Items that were sent more than once', rows) + more(retried.length - itemsMax, 'items'),
  }
}

/** The items that were the last ones to come to an end; undefined where there are few. */
export function slowestBlock(facts: ReportFacts): Block | undefined {
  if (facts.items.length < 20) return undefined
  const slowest = [...facts.items].sort((a, b) => b[4] - a[4]).slice(0, 20)
  const rows = slowest.map((item) => itemRow(facts, item, `after ${item[4]} s`))
  return { id: 'slowest', title: 'Slowest items', html: itemTable('Items that came to their end last', rows) }
}

/** The finalization tasks in their order, with what they found; undefined where none ran. */
export function finalizationBlock({ tasks }: ReportFacts): Block | undefined {
  if (tasks.length === 0) return undefined
  const sorted = [...tasks].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const rows = sorted.map(
    ({ name, texts }) =>
      `<tr><th scope="row">${escapeHtml(name)}</th><td>${
        texts.length === 0
          ? 'nothing to tell'
          : texts
              .slice(0, itemsMax)
              .map((text) => nameHtml(text))
              .join('\n')
      }</td></tr>`,
  )
  const head = '<th scope="col">Task</th><th scope="col">Found</th>'
  return {
    id: 'finalization',
    title: 'Finalization',
    html: tableOf('Finalization tasks and their findings', head, rows),
  }
}

function itemRow({ kinds, namespaces }: ReportFacts, item: ReportedItem, told: string): string {
  const [kind, namespace, name, , , , texts] = item
  const cells = [kinds[kind] ?? '', namespaces[namespace] ?? '', name].map((text) => `<td>${nameHtml(text)}</td>`)
  return `<tr>${cells.join('')}<td>${told}</td><td>${nameHtml(texts.join('\n'))}</td></tr>`
}

function itemTable(caption: string, rows: readonly string[]): string {
  const words = ['Kind', 'Namespace', 'Name', 'How', 'Messages']
  return tableOf(caption, words.map((word) => `<th scope="col">${word}</th>`).join(''), rows)
}

/** A table. The rows are HTML. */
export function tableOf(caption: string, head: string, rows: readonly string[]): string {
  return `<div class="wide"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table></div>`
}

/** How many more there are than are shown. */
export function more(count: number, what: string): string {
  return count > 0 ? `<p class="soft">… and ${count} more ${what}.</p>` : ''
}
