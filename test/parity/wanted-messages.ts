import type { Outcome } from './golden-case.ts'

/** A message that Drydock gives and Velero does not, on purpose. */
export interface WantedMessage {
  severity: 'warnings' | 'errors'
  text: RegExp
  reason: string
}

/** The reviewed list. */
export const wantedMessages: readonly WantedMessage[] = [
  {
    severity: 'warnings',
    text: /^PVC \S+ is not bound, since StorageClass \S+ waits for its first consumer and .*: reclaim policy and labels of its volume are not restored$/,
    reason: 'Velero gives up on such a claim without a word',
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
  for (const { severity, text, reason } of wantedMessages) {
    const namespaces = (outcome.results as Results | undefined)?.[severity]?.namespaces ?? {}
    for (const [namespace, messages] of Object.entries(namespaces)) {
      const kept = messages.filter((message) => !text.test(message) || said.includes(JSON.stringify(message)))
      const taken = messages.length - kept.length
      if (taken === 0) continue
      reasons.push(...Array.from({ length: taken }, () => `${severity} ${text.source}: ${reason}`))
      namespaces[namespace] = kept
      lower(outcome.restore.status, severity, taken)
    }
    dropEmpty(outcome.results as Results | undefined, severity)
  }
  return { outcome, reasons }
}

type Results = Partial<Record<'warnings' | 'errors', { namespaces?: Record<string, string[]> }>>

function lower(status: Record<string, unknown>, severity: string, by: number): void {
  const count = Number(status[severity]) - by
  if (count === 0) delete status[severity]
  else status[severity] = count
}

function dropEmpty(results: Results | undefined, severity: 'warnings' | 'errors'): void {
  const part = results?.[severity]
  if (part?.namespaces === undefined) return
  for (const [namespace, messages] of Object.entries(part.namespaces))
    if (messages.length === 0) delete part.namespaces[namespace]
  if (Object.keys(part.namespaces).length === 0) delete part.namespaces
}
