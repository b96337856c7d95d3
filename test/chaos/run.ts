import { setTimeout as sleep } from 'node:timers/promises'
import { pendingRetry, runOf } from '../../core/request/decide-retry.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { retryAnnotation } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { auditLength } from '../kit/audit.ts'
import { createRestore, getRestore } from '../kit/restores.ts'
import type { SentCommand } from '../kit/exec-front.ts'
import { disturb, patchRestore } from './disturb.ts'
import { backupName } from './lane.ts'
import type { Lane } from './lane.ts'
import { hooks, namespaces } from './mixed-backup.ts'
import type { Disturbance } from './schedule.ts'

/** A restore of a lane, from its Restore to a while after its end. */
export interface ChaosRun {
  lane: Lane
  name: string
  disturbances: readonly Disturbance[]
  /** How long a restore was taken to be that nothing disturbs, in milliseconds. */
  lengthMs: number
  /** The Restore as it stands in the end. */
  restore: Restore
  /** When it was created, and when its end was seen, in milliseconds; undefined where it has not ended in time. */
  begunAtMs: number
  endedAtMs: number | undefined
  /** Where in the audit log it begins. */
  auditFrom: number
  /** Whether other restores ran beside it. */
  isAmongOthers: boolean
  /** How many requests were counted until then. */
  requests: { api: number; bucket: number }
  /** The commands that were sent to its containers. */
  sent: readonly SentCommand[]
}

/**
 * How much longer a restore may take than so many undisturbed ones. What disturbs it ends within 40 s, and waits between attempts
 * grow to half a minute.
 */
const endsWithinMs = 240_000
const endsWithinLengths = 4
/** How long the end is watched for writes that come late. */
const afterwardsMs = 3_000
const lookMs = 300

/** What is done to restores. */
export interface Disturbed {
  disturbances: readonly Disturbance[]
  /** How long a restore takes that nothing disturbs, in milliseconds. */
  lengthMs: number
}

/**
 * Restores under these names, side by side, while these disturbances come, each in its time. What somebody does to one restore is done to
 * the first. Those that come after the end of all are left out.
 */
export async function runRestores(
  lane: Lane,
  names: readonly string[],
  { disturbances, lengthMs }: Disturbed,
): Promise<ChaosRun[]> {
  await lane.whole()
  const sentBefore = lane.sent.length
  const auditFrom = auditLength(lane.cluster)
  countRequests(lane, disturbances)
  const restores = await Promise.all(names.map((name) => create(lane, name)))
  const begunAtMs = Date.now()
  const over = new AbortController()
  const [first] = restores
  const disturbing = Promise.all(
    first === undefined
      ? []
      : disturbances.map((one) => disturb(one, { lane, restore: first, lengthMs, over: over.signal })),
  )
  // What goes wrong with it is thrown below; without this it would end the process before that.
  disturbing.catch(() => undefined)
  const givenUpAtMs = begunAtMs + endsWithinMs * names.length + endsWithinLengths * names.length * lengthMs
  const isRetried = disturbances.some((one) => one.kind === 'user' && one.event === 'cancel-and-retry')
  const ends = await Promise.all(
    restores.map((restore) => awaitEnd(lane, restore, { givenUpAtMs, isRetried: isRetried && restore === first })),
  )
  over.abort()
  const requests = { api: lane.faults.api.count(), bucket: lane.faults.bucket.count() }
  countRequests(lane, [])
  await disturbing
  await sleep(afterwardsMs)
  return Promise.all(
    names.map(async (name, at): Promise<ChaosRun> => {
      const restore = await getRestore(lane.cluster, name)
      if (restore === undefined) throw new Error(`Restore ${name} is gone`)
      const sent = lane.sent.slice(sentBefore).filter(({ namespace }) => namespace.startsWith(`${name}-`))
      const own = { name, restore, endedAtMs: ends[at], isAmongOthers: names.length > 1, sent }
      return { lane, disturbances, lengthMs, begunAtMs, auditFrom, requests, ...own }
    }),
  )
}

function create(lane: Lane, name: string): Promise<Restore> {
  const namespaceMapping = Object.fromEntries(namespaces.map((one) => [one, `${name}-${one}`]))
  return createRestore(lane.cluster, { name, spec: { backupName, namespaceMapping, hooks } })
}

/** Begins to count, with the faults of single requests that these disturbances have. */
function countRequests({ faults }: Lane, disturbances: readonly Disturbance[]): void {
  for (const way of ['api', 'bucket'] as const)
    faults[way].begin(
      new Map(
        disturbances.flatMap((one) => (one.kind === 'request' && one.way === way ? [[one.n, one.fault] as const] : [])),
      ),
    )
}

/** Waits for the end of a restore, in milliseconds; undefined where it does not come. One that was cancelled may be retried then. */
async function awaitEnd(
  lane: Lane,
  { metadata: { name } }: Restore,
  { givenUpAtMs, isRetried }: { givenUpAtMs: number; isRetried: boolean },
): Promise<number | undefined> {
  while (Date.now() < givenUpAtMs) {
    await sleep(lookMs)
    // The API server may be away.
    const seen = await getRestore(lane.cluster, name).catch(() => undefined)
    if (seen === undefined || !isOver(seen)) continue
    if (!isRetried || seen.status?.phase !== 'Failed' || runOf(seen) > 1) return Date.now()
    const token = { [retryAnnotation]: 'once' }
    await patchRestore(lane, name, { metadata: { annotations: token } }).catch(() => undefined)
  }
  return undefined
}

/** A mark of a starting Velero server is no end: a worker puts the phase back. */
const isOver = (restore: Restore): boolean =>
  isTerminal(restore.status?.phase) && !isSweptByVelero(restore.status ?? {}) && pendingRetry(restore) === undefined
