import { jsonInPieces } from '../values/json-in-pieces.ts'
import { countedBlock, failureBlock, finalizationBlock, retriedBlock, slowestBlock, timelineBlock } from './blocks.ts'
import { jsonForScript, nameHtml } from './html.ts'
import { pageHead } from './page-head.ts'
import { pageScript, pageScriptHash } from './page-script.ts'
import type { ReportFacts } from './report-facts.ts'
import { sentencesOf } from './verdict.ts'

/**
 * The report of a restore as one HTML page, in pieces: it needs no network and no other file. All that comes from the backup or
 * the cluster is shown as text.
 */
export function* reportInPieces(facts: ReportFacts): Generator<string> {
  const { restore } = facts
  yield `${pageHead({ title: `Restore ${restore.name}: ${restore.phase}`, scriptHash: pageScriptHash })}<a class="skip" href="#main">Skip to the content</a>
<header>
<h1>Restore ${nameHtml(restore.name)}</h1>
<p class="verdict ${/^[A-Za-z]+$/.test(restore.phase) ? restore.phase : ''}">${sentencesOf(facts)}</p>
</header>
`
  const blocks = [
    failureBlock(facts, 'errors'),
    failureBlock(facts, 'warnings'),
    timelineBlock(facts),
    countedBlock(facts),
    retriedBlock(facts),
    slowestBlock(facts),
    finalizationBlock(facts),
  ].filter((block) => block !== undefined)
  const parts = [...blocks.map(({ id, title }) => ({ id, title })), { id: 'items', title: 'Items' }]
  yield `<nav aria-label="Parts of this page"><ul>${parts.map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`).join('')}</ul></nav>
<main id="main">
`
  for (const { id, title, html } of blocks)
    yield `<section id="${id}" aria-labelledby="${id}-title">\n<h2 id="${id}-title">${title}</h2>\n${html}\n</section>\n`
  yield itemsSection(facts)
  yield '</main>\n<script type="application/json" id="data">'
  const { kinds, namespaces, items } = facts
  for (const piece of jsonInPieces({ kinds, namespaces, items })) yield jsonForScript(piece)
  yield `</script>\n<script>${pageScript}</script>\n</body>\n</html>\n`
}

function itemsSection({ itemsLeftOut }: ReportFacts): string {
  const more =
    itemsLeftOut === 0
      ? ''
      : `<p>${itemsLeftOut} more items are not on this page; the resource list of the restore has them all.</p>`
  const option = (value: string, text: string) => `<option value="${value}">${text}</option>`
  const actions = option('c', 'created') + option('u', 'updated') + option('s', 'skipped') + option('f', 'failed')
  return `<section id="items" aria-labelledby="items-title">
<h2 id="items-title">Items</h2>
${more}<div role="search" class="search">
<label>Namespace or name has<input id="words" type="search" autocomplete="off"></label>
<label>Kind<select id="kind">${option('', 'all')}</select></label>
<label>Namespace<select id="namespace">${option('', 'all')}</select></label>
<label>Came to be<select id="action">${option('', 'all')}${actions}</select></label>
</div>
<p class="pager"><span id="found" role="status">The table needs scripts.</span>
<button id="back" type="button">Page before</button> <button id="on" type="button">Next page</button></p>
<div class="wide" tabindex="0" role="region" aria-label="Table of items"><table>
<caption>What became of each item. "After" is the time from the start of the restore.</caption>
<thead><tr><th scope="col">Kind</th><th scope="col">Namespace</th><th scope="col">Name</th><th scope="col">Came to be</th><th scope="col">After</th><th scope="col">Tries</th><th scope="col">Messages</th></tr></thead>
<tbody id="rows"></tbody></table></div>
</section>
`
}
