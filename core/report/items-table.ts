import { jsonInPieces } from '../values/json-in-pieces.ts'
import { jsonForScript } from './html.ts'
import { pageScript } from './page-script.ts'
import type { ReportedItem } from './report-facts.ts'

/** The table of items at the end of a page. */
export interface ItemsTable {
  /** Items that are not on the page, since there are too many. */
  itemsLeftOut: number
  /** What has them all. */
  allAt: string
  caption: string
  data: {
    kinds: readonly string[]
    namespaces: readonly string[]
    items: readonly ReportedItem[]
    /** Whether times and tries are shown. */
    isTimed: boolean
    /** What the letters mean, which stand in the items. */
    actions: Readonly<Record<string, string>>
  }
}

/** The table of items, which a script fills, and the end of the page. */
export function* itemsInPieces(table: ItemsTable): Generator<string> {
  yield itemsSection(table)
  yield '</main>\n<script type="application/json" id="data">'
  for (const piece of jsonInPieces(table.data)) yield jsonForScript(piece)
  yield `</script>\n<script>${pageScript}</script>\n</body>\n</html>\n`
}

function itemsSection({ itemsLeftOut, allAt, caption, data: { actions, isTimed } }: ItemsTable): string {
  const more =
    itemsLeftOut === 0 ? '' : `<p>${itemsLeftOut} more items are not on this page; ${allAt} has them all.</p>`
  const option = (value: string, text: string) => `<option value="${value}">${text}</option>`
  const options = Object.entries(actions).flatMap(([letter, word]) => (letter === '' ? [] : option(letter, word)))
  const columns = ['Kind', 'Namespace', 'Name', 'Came to be', ...(isTimed ? ['After', 'Tries'] : []), 'Messages']
  return `<section id="items" aria-labelledby="items-title">
<h2 id="items-title">Items</h2>
${more}<div role="search" class="search">
<label>Namespace or name has<input id="words" type="search" autocomplete="off"></label>
<label>Kind<select id="kind">${option('', 'all')}</select></label>
<label>Namespace<select id="namespace">${option('', 'all')}</select></label>
<label>Came to be<select id="action">${option('', 'all')}${options.join('')}</select></label>
</div>
<p class="pager"><span id="found" role="status">The table needs scripts.</span>
<button id="back" type="button">Page before</button> <button id="on" type="button">Next page</button></p>
<div class="wide" tabindex="0" role="region" aria-label="Table of items"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((word) => `<th scope="col">${word}</th>`).join('')}</tr></thead>
<tbody id="rows"></tbody></table></div>
</section>
`
}
