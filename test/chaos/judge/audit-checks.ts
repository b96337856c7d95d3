import { longLeaseSeconds, leaseSeconds } from '../../../infra/presence/worker-lease.ts'
import type { AuditEvent } from '../../kit/audit.ts'

const writeVerbs: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])
/** What workers write beside the restore, or for it after its end. */
const besides: ReadonlySet<string> = new Set([
  'restores',
  'events',
  'leases',
  'backups',
  'backupstoragelocations',
  'selfsubjectaccessreviews',
])

const isWrite = ({ verb, userAgent, responseStatus }: AuditEvent) =>
  writeVerbs.has(verb) && isWorker(userAgent) && (responseStatus?.code ?? 500) < 300
const isWorker = (userAgent = '') => userAgent.startsWith('drydock/')
const resourceOf = ({ objectRef }: AuditEvent) => objectRef?.resource ?? ''
const atMs = (time: string) => Date.parse(time)
const nameOf = ({ objectRef }: AuditEvent) =>
  `${objectRef?.resource}/${objectRef?.namespace ?? ''}/${objectRef?.name ?? ''}`
const inWords = (event: AuditEvent) => `${event.verb} ${nameOf(event)} by ${event.userAgent}`

/** Objects that workers created more than once, each with success. */
export function createdTwice(events: readonly AuditEvent[]): string[] {
  const created = events.filter((event) => isWrite(event) && event.verb === 'create' && !besides.has(resourceOf(event)))
  const made = created.filter(({ objectRef }) => objectRef?.subresource === undefined && objectRef?.name !== undefined)
  return [...Map.groupBy(made, nameOf)]
    .filter(([, times]) => times.length > 1)
    .map(([name, times]) => `created ${times.length} times: ${name}`)
}

/** A restore, as far as the log tells it from others. */
export interface Ended {
  name: string
  /** When somebody saw its terminal phase. */
  seenAtMs: number
  /** Others run beside it, so only what is written into its own namespaces is its own. */
  isAmongOthers?: boolean
}

/**
 * Writes of workers that came to the API server after the end of the restore, but for its Restore and Events. The end is the last
 * write of the Restore that had come before somebody saw its terminal phase.
 */
export function lateWrites(events: readonly AuditEvent[], { name, seenAtMs, isAmongOthers = false }: Ended): string[] {
  const ends = events.filter(
    (event) =>
      isWrite(event) &&
      resourceOf(event) === 'restores' &&
      event.objectRef?.name === name &&
      atMs(event.requestReceivedTimestamp) <= seenAtMs,
  )
  const endMs = Math.max(...ends.map(({ stageTimestamp }) => atMs(stageTimestamp)))
  return events
    .filter((event) => isWrite(event) && !besides.has(resourceOf(event)))
    .filter(({ objectRef }) => !isAmongOthers || objectRef?.namespace?.startsWith(`${name}-`) === true)
    .filter((event) => atMs(event.requestReceivedTimestamp) > endMs)
    .map((event) => `${atMs(event.requestReceivedTimestamp) - endMs} ms after the end: ${inWords(event)}`)
}

/** How much later than its Lease allows the log may say that a write came. */
const slackMs = 500

/** Writes of a worker whose Lease had run out when they came to the API server (rule 7). */
export function writesWithoutLease(events: readonly AuditEvent[]): string[] {
  const renewed = new Map<string, number>()
  const found: string[] = []
  const beginMs = events.reduce((least, event) => Math.min(least, cameAt(event)), Infinity)
  const inOrder = events.filter(isWrite).toSorted((a, b) => cameAt(a) - cameAt(b))
  for (const event of inOrder) {
    const { userAgent = '', requestURI } = event
    if (resourceOf(event) === 'leases') {
      renewed.set(userAgent, cameAt(event))
      continue
    }
    if (besides.has(resourceOf(event))) continue
    // The log may begin after the renewal that covers the first writes.
    const ageMs = cameAt(event) - (renewed.get(userAgent) ?? beginMs)
    // A write with the API server's own limit is covered by a longer Lease.
    const isLong = !/[?&]timeout=[1-9]s/.test(requestURI)
    const mostMs = (isLong ? longLeaseSeconds : leaseSeconds) * 1_000
    if (ageMs > mostMs + slackMs) found.push(`${ageMs} ms after the last renewal of its Lease: ${inWords(event)}`)
  }
  return found
}

const cameAt = ({ requestReceivedTimestamp }: AuditEvent) => atMs(requestReceivedTimestamp)
