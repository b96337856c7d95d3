import { escapeHtml, nameHtml } from '../report/html.ts'
import { pageHead } from '../report/page-head.ts'
import type { PlanFile } from './plan-file.ts'
import { byVerdict, isNotable, noteOn, planSentence, verdictMeans } from './plan-words.ts'
import { verdicts } from './verdict.ts'

/** So many items are on the page: a browser shows them at once. The file of the plan has all. */
const rowsMax = 2000

/** A plan as one page of HTML that needs no network. Names and messages of others in it are shown as text. */
export function planPage(file: PlanFile): string {
  const { name, madeAt } = file.plan
  const notes = file.notes.map((note) => `<li>${escapeHtml(note)}</li>`)
  return `${pageHead({ title: `Plan ${name}` })}<header>
<h1>Plan ${nameHtml(name)}</h1>
<p class="verdict">${escapeHtml(planSentence(file))}. Begun at ${escapeHtml(madeAt)}; nothing was changed.</p>
</header>
<main>
${notes.length === 0 ? '' : `<h2>About the plan as a whole</h2>\n<ul>${notes.join('')}</ul>\n`}${countsBlock(file)}${itemsBlock(file)}</main>
</body>
</html>
`
}

function countsBlock({ counts }: PlanFile): string {
  const rows = verdicts.flatMap((verdict) => {
    const count = counts[verdict] ?? 0
    return count === 0 ? [] : [[String(count), verdict, verdictMeans[verdict]]]
  })
  return `<h2>What would happen</h2>\n${table('Items by verdict', ['Items', 'Verdict', 'Meaning'], rows)}`
}

function itemsBlock(file: PlanFile): string {
  const notable = byVerdict(file.items.filter(isNotable))
  const head = '<h2>What to look at</h2>\n'
  if (notable.length === 0) return `${head}<p>Nothing: all items would be created, or stand there already.</p>\n`
  const shown = notable.slice(0, rowsMax)
  const rows = shown.map((line) => [line.verdict, line.kind, line.name, noteOn(line)])
  const more = notable.length - shown.length
  const left = more > 0 ? `<p>And ${more} more, in the file of the plan.</p>\n` : ''
  return `${head}${table('Items that would not simply be created', ['Verdict', 'Kind', 'Name', 'Note'], rows)}${left}`
}

/** A verdict stays on one line, also where the other columns are wide. */
function isWord(cell: string): boolean {
  return verdicts.some((verdict) => verdict === cell)
}

function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const titles = head.map((title) => `<th scope="col" class="word">${title}</th>`).join('')
  const lines = rows
    .map(
      (row) =>
        `<tr>${row.map((cell) => `<td${isWord(cell) ? ' class="word"' : ''}>${nameHtml(cell)}</td>`).join('')}</tr>\n`,
    )
    .join('')
  return `<div class="wide"><table>\n<caption>${caption}</caption>\n<thead><tr>${titles}</tr></thead>\n<tbody>\n${lines}</tbody>\n</table></div>\n`
}
