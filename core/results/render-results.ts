import type { Result, ResourceList, Results } from '../../velero/results.ts'
import type { Message, Outcome } from '../items/outcome.ts'
import { goTextInPieces, goText } from '../values/go-text.ts'
import { finish, forEachInSteps, sortInSteps, withPauses } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
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
    else addTo(namespaces, message.scope.slice(namespacePrefix.length), message.text)
  }
  return {
    ...(velero.length > 0 ? { velero } : {}),
    ...(cluster.length > 0 ? { cluster } : {}),
    ...(namespaces.size > 0 ? { namespaces: Object.fromEntries(namespaces) } : {}),
  }
}

function addTo(lists: Map<string, string[]>, key: string, text: string): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [text])
  else list.push(text)
}

/** The content of `restore-<name>-resource-list.json.gz`: sorted by kind and name. */
export function renderResourceList(tally: Tally): ResourceList {
  return JSON.parse([...resourceListInPieces(tally)].join('')) as ResourceList
}

/** {@link renderResourceList} as the text of its file, in pieces; an empty one is a pause. A kind is forgotten once it is written. */
export function* resourceListInPieces(tally: Tally): Generator<string> {
  const list = yield* withPauses(namesByKindInSteps(tally))
  let before = '{'
  for (const kind of [...list.keys()].sort(byBytes)) {
    const names = yield* withPauses(sortInSteps(list.get(kind) ?? [], byBytes))
    list.delete(kind)
    yield `${before}${goText(kind)}:`
    yield* goTextInPieces(names)
    before = ','
  }
  yield before === '{' ? '{}\n' : '}\n'
}

function* namesByKindInSteps(tally: Tally): Steps<Map<string, string[]>> {
  const list = new Map<string, string[]>()
  yield* forEachInSteps(tally.values(), (one) => {
    if (isListed(one)) addTo(list, one.listed.kind, `${one.listed.name}(${one.action})`)
  })
  return list
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
