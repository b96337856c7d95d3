import type { Result, ResourceList, Results } from '../../velero/results.ts'
import type { Message, Outcome } from '../items/outcome.ts'
import { addToList } from '../values/add-to-list.ts'
import { ascendingPartsInSteps } from '../values/ascending-parts.ts'
import { goText } from '../values/go-text.ts'
import { finish, forEachInSteps, sortInSteps, withPauses } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
import { packedOf } from './packed-tally.ts'
import { isListed } from './tally.ts'
import type { Tally } from './tally.ts'

const namespacePrefix = 'namespace:'

/** The content of `restore-<name>-results.gz`: all messages of the tally, sorted by the keys of their outcomes. */
export function renderResults(tally: Tally): Results {
  return finish(resultsInSteps(tally))
}

/** {@link renderResults} in steps. */
export function* resultsInSteps(tally: Tally): Steps<Results> {
  const telling: Outcome[] = []
  yield* forEachInSteps(tally.values(), (outcome) => {
    if (outcome.messages.length > 0) telling.push(outcome)
  })
  const messages: Message[] = []
  const sorted = yield* sortInSteps(telling, (a, b) => byBytes(a.key, b.key))
  yield* forEachInSteps(sorted, (outcome) => void messages.push(...outcome.messages))
  return { errors: renderResult(messages, 'error'), warnings: renderResult(messages, 'warning') }
}

function renderResult(messages: readonly Message[], severity: Message['severity']): Result {
  const velero: string[] = []
  const cluster: string[] = []
  const namespaces = new Map<string, string[]>()
  for (const message of messages) {
    if (message.severity !== severity) continue
    if (message.scope === 'velero') velero.push(message.text)
    else if (message.scope === 'cluster') cluster.push(message.text)
    else addToList(namespaces, message.scope.slice(namespacePrefix.length), message.text)
  }
  return {
    ...(velero.length > 0 ? { velero } : {}),
    ...(cluster.length > 0 ? { cluster } : {}),
    ...(namespaces.size > 0 ? { namespaces: Object.fromEntries(namespaces) } : {}),
  }
}

/** The content of `restore-<name>-resource-list.json.gz`: sorted by kind and name. */
export function renderResourceList(tally: Tally): ResourceList {
  return JSON.parse([...resourceListInPieces(tally)].join('')) as ResourceList
}

/**
 * {@link renderResourceList} as the text of its file, in pieces; an empty one is a pause. Of a large list about some thousand
 * names are in memory at the same time.
 */
export function* resourceListInPieces(tally: Tally): Generator<string> {
  const packed = packedOf(tally)
  const rows = yield* withPauses(packed.listedRowsInSteps())
  const nameAt = (row: number) => listedName(packed.at(row))
  let before = '{'
  for (const kind of [...rows.keys()].sort(byBytes)) {
    yield `${before}${goText(kind)}:`
    before = '['
    for (const part of yield* withPauses(ascendingPartsInSteps(rows.get(kind) ?? [], nameAt))) {
      const names = yield* withPauses(sortInSteps(Array.from(part, nameAt), byBytes))
      if (names.length === 0) continue
      yield `${before}${names.map(goText).join(',')}`
      before = ','
    }
    yield ']'
    before = ','
  }
  yield before === '{' ? '{}\n' : '}\n'
}

function listedName(outcome: Outcome): string {
  return isListed(outcome) ? `${outcome.listed.name}(${outcome.action})` : ''
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
