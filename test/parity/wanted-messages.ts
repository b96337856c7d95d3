import type { Outcome } from './golden-case.ts'

/** A message that Drydock gives and Velero does not, on purpose. */
export interface WantedMessage {
  severity: 'warnings' | 'errors'
  text: RegExp
  /** Velero counts it all the same and only leaves it out of the results. */
  countedByVelero?: true
  reason: string
}

/** The reviewed list. */
export const wantedMessages: readonly WantedMessage[] = [
  {
    severity: 'warnings',
    text: /^PVC \S+ is not bound, since StorageClass \S+ waits for its first consumer and .*: reclaim policy and labels of its volume are not restored$/,
    reason: 'Velero gives up on such a claim without a word',
  },
  {
    severity: 'errors',
    text: /^error from restore item operation: /,
    countedByVelero: true,
    reason: 'Velero counts an operation that ends badly later on, and does not say so in the results',
  },
]

/**
 * The outcome of Drydock without its wanted messages and without them in the counts, so that the rest is compared to
 * the letter. What Velero has said too stays.
 */
export function withoutWanted(expected: Outcome, actual: Outcome): { outcome: Outcome; reasons: string[] } {
  const outcome = structuredClone(actual)
  const said = JSON.stringify(expected.results ?? null)
  const reasons: string[] = []
  for (const wanted of wantedMessages) {
    const isWanted = (message: string) => wanted.text.test(message) && !said.includes(JSON.stringify(message))
    const taken = takeMessages((outcome.results as Results | undefined)?.[wanted.severity], isWanted)
    reasons.push(...Array.from({ length: taken }, () => `${wanted.severity} ${wanted.text.source}: ${wanted.reason}`))
    if (taken > 0 && wanted.countedByVelero !== true) lower(outcome.restore.status, wanted.severity, taken)
  }
  return { outcome, reasons }
}

type Results = Partial<Record<'warnings' | 'errors', Messages>>

interface Messages {
  velero?: string[]
  namespaces?: Record<string, string[]>
}

/** Takes messages out, with the lists that are empty then, and says how many. */
function takeMessages(messages: Messages | undefined, isWanted: (message: string) => boolean): number {
  if (messages === undefined) return 0
  const { velero = [], namespaces = {} } = messages
  const kept = velero.filter((message) => !isWanted(message))
  let taken = velero.length - kept.length
  if (kept.length > 0) messages.velero = kept
  else delete messages.velero
  for (const [namespace, list] of Object.entries(namespaces)) {
    const rest = list.filter((message) => !isWanted(message))
    taken += list.length - rest.length
    if (rest.length > 0) namespaces[namespace] = rest
    else delete namespaces[namespace]
  }
  if (Object.keys(namespaces).length === 0) delete messages.namespaces
  return taken
}

function lower(status: Record<string, unknown>, severity: string, by: number): void {
  const count = Number(status[severity]) - by
  if (count === 0) delete status[severity]
  else status[severity] = count
}
