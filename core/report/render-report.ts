import {
  blocksInPieces,
  countedBlock,
  failureBlock,
  finalizationBlock,
  retriedBlock,
  slowestBlock,
  timelineBlock,
} from './blocks.ts'
import { nameHtml } from './html.ts'
import { pageHead } from './page-head.ts'
import { itemsInPieces } from './items-table.ts'
import { pageScriptHash } from './page-script.ts'
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
  yield* blocksInPieces([
    failureBlock(facts, 'errors'),
    failureBlock(facts, 'warnings'),
    timelineBlock(facts),
    countedBlock(facts),
    retriedBlock(facts),
    slowestBlock(facts),
    finalizationBlock(facts),
  ])
  const { kinds, namespaces, items, itemsLeftOut } = facts
  yield* itemsInPieces({
    itemsLeftOut,
    allAt: 'the resource list of the restore',
    caption: 'What became of each item. "After" is the time from the start of the restore.',
    data: { kinds, namespaces, items, isTimed: true, actions: { ...actionWords, '': 'not listed' } },
  })
}

const actionWords = { c: 'created', u: 'updated', s: 'skipped', f: 'failed' }
