import { html, page, table } from '../page/page.ts'
import type { PlanFile } from './plan-file.ts'
import { byVerdict, isNotable, noteOn, planSentence, verdictMeans } from './plan-words.ts'
import { verdicts } from './verdict.ts'

/** So many items are on the page: a browser shows them at once. The file of the plan has all. */
const rowsMax = 2000

/** A plan as one page of HTML that needs no network. Names and messages in it are escaped. */
export function planPage(file: PlanFile): string {
  const notable = byVerdict(file.items.filter(isNotable))
  const rows = notable.slice(0, rowsMax)
  const more = notable.length - rows.length
  const counts = verdicts.flatMap((verdict) => {
    const count = file.counts[verdict] ?? 0
    return count === 0 ? [] : [[count, verdict, verdictMeans[verdict]]]
  })
  const body = html`<p>${planSentence(file)}. Made at ${file.plan.madeAt}; nothing was changed.</p>
    ${
      file.notes.length === 0
        ? []
        : [
            html`<ul>
              ${file.notes.map((note) => html`<li>${note}</li>`)}
            </ul>`,
          ]
    }
    <h2>What would happen</h2>
    ${table('Items by verdict', ['Items', 'Verdict', 'Meaning'], counts)}
    <h2>What to look at</h2>
    ${
      rows.length === 0
        ? html`<p>Nothing: all items would be created or stand there already.</p>`
        : table(
            'Items that would not simply be created',
            ['Verdict', 'Kind', 'Name', 'Note'],
            rows.map((line) => [line.verdict, line.kind, line.name, noteOn(line)]),
          )
    }
    ${more > 0 ? [html`<p>And ${more} more, in the file of the plan.</p>`] : []} `
  return page(`Plan ${file.plan.name}`, body)
}
