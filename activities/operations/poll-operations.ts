import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { advanceOperation } from '../../core/operations/advance-operation.ts'
import type { OperationCounts } from '../../core/operations/operations.ts'
import { isDataMover, lookUpOperation, saidOf } from '../../core/operations/look-up-operation.ts'
import type { OperationObservation } from '../../core/operations/look-up-operation.ts'
import { countOperations, isOver, operationProgress } from '../../core/operations/operations.ts'
import { parseGoDuration, timeoutOrDefaultMs } from '../../core/values/go-duration.ts'
import { refusalOf } from '../../core/port-errors.ts'
import type { Tally } from '../../core/results/tally.ts'
import { goJson } from '../../core/values/go-text.ts'
import { isTerminal } from '../../velero/phases.ts'
import { restoreItemOperationsKey } from '../../velero/object-keys.ts'
import type { RestoreOperation } from '../../velero/item-operation.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { assertUnderway, carriedTo, lookAgain, runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { cachedByRun } from '../frame/cached-by-run.ts'
import { changeRestore } from '../frame/restore-resource.ts'
import type { Look, Wait } from '../../contract/look.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Session, WorkerParts } from '../frame/session.ts'
import type { Cluster } from '../ports.ts'
import { operationsShard, readBegun, readOperations, statesOf } from './operation-shards.ts'
import { cancelByPlugin, observeByPlugin } from './plugin-operations.ts'
import { cancelOrder, dataDownloads, listOrders } from './node-agent-orders.ts'

/** How to poll. */
export interface PollInput {
  ref: AdmittedRef
  /** `once`: one look. `failure`: until more have failed than the caller knows, or all have ended. `end`: until all have ended. */
  until: 'once' | 'failure' | 'end'
  /** Failed operations that the caller knows of. */
  failed: number
  look?: Look
  /** Attempts of an earlier run may still be able to write. */
  follows?: true
}

/** An operation that could not be found this often in a row has failed. */
const missesMax = 3

const deflate = promisify(gzip)

/**
 * Looks at all asynchronous operations of a restore, with one LIST, and writes their state where it has changed: into the
 * journal, into `-itemoperations.json.gz` and as counts into the Restore. Between looks nothing of a worker is held.
 */
export function pollOperations(parts: WorkerParts) {
  const begunIn = cachedByRun((session) => readBegun(session.journal))
  return (input: PollInput): Promise<OperationCounts | Wait> => {
    const { ref } = input
    const doing = `polling operations of restore ${ref.name}`
    const frame = { doing, scope: `${ref.uid}/operations`, followsEarlierRun: input.follows === true }
    return runActivity(parts.ports.presence, frame, async (attempt) => {
      const session = await parts.sessions.open(ref)
      await assertUnderway(parts.ports.cluster, ref, { isReset: input.follows === true })
      const begun = await begunIn(session)
      return poll(input, begun, { ...parts, session, attempt, misses: missesIn(carriedTo(attempt, input.look)) })
    })
  }
}

/** What one attempt works with. */
interface Polling extends WorkerParts {
  session: Session
  attempt: Attempt
  /** How often in a row an operation could not be found, by its id. */
  misses: Readonly<Record<string, number>>
}

async function poll(input: PollInput, begun: Tally, polling: Polling): Promise<OperationCounts | Wait> {
  const { session, attempt, settings } = polling
  const known = await readOperations(session.journal, begun)
  const { operations, misses, said } = await look(known, polling)
  const stages = (of: readonly RestoreOperation[]) => JSON.stringify(of.map(({ status }) => withoutBytes(status)))
  if (stages(operations) !== stages(known))
    await session.journal.write(operationsShard(attempt.id), statesOf(operations))
  await show(operations, polling)
  const counts = countOperations(operations)
  attempt.done(counts.completed + counts.failed)
  if (input.until === 'once' || counts.unfinished === 0) return counts
  if (input.until === 'failure' && counts.failed > input.failed) return counts
  const waitingFor = operationProgress(operations, said)
  return lookAgain(attempt, input.look, {
    waitingFor,
    afterSeconds: settings.itemOperationSyncSeconds,
    carry: { misses },
  })
}

/** Bytes change with each look, and the next one reads them anew: they are no reason for a shard of the journal. */
function withoutBytes({ nCompleted: _done, nTotal: _total, updated: _at, ...stage }: RestoreOperation['status']) {
  return stage
}

/** The misses that the look before has left; none where they are not readable. */
function missesIn(carried: unknown): Record<string, number> {
  const misses = (carried as { misses?: unknown } | undefined)?.misses
  return typeof misses === 'object' && misses !== null ? (misses as Record<string, number>) : {}
}

/** What one look has found out. */
interface Seen {
  operations: RestoreOperation[]
  misses: Record<string, number>
  /** What the cluster says of operations that have not ended, by their ids. */
  said: ReadonlyMap<string, string>
}

async function look(operations: readonly RestoreOperation[], polling: Polling): Promise<Seen> {
  if (operations.every(({ status }) => isOver(status)))
    return { operations: [...operations], misses: {}, said: new Map() }
  const downloads = await listDownloads(polling)
  const timeoutMs = timeoutOrDefaultMs(
    polling.session.admission.spec.itemOperationTimeout,
    parseGoDuration(polling.settings.itemOperationTimeout),
  )
  const nowMs = polling.ports.clock.now().getTime()
  const next: RestoreOperation[] = []
  const missed: Record<string, number> = {}
  for (const operation of operations) {
    if (isOver(operation.status)) {
      next.push(operation)
      continue
    }
    const id = operation.spec.operationID
    const observation = await observe(operation, downloads, polling)
    const misses = observation.seen === 'unavailable' ? (polling.misses[id] ?? 0) + 1 : 0
    if (misses > 0) missed[id] = misses
    const { status, cancel } = advanceOperation(operation.status, observation, { nowMs, timeoutMs, misses, missesMax })
    const order =
      'name' in observation ? downloads.listed?.find(({ metadata }) => metadata.name === observation.name) : undefined
    if (cancel && order !== undefined) await cancelOrder(polling.ports.cluster, dataDownloads, order)
    if (cancel && !isDataMover(operation)) await cancelByPlugin(operation, polling)
    next.push({ ...operation, status })
  }
  return { operations: next, misses: missed, said: await whatIsSaid(next, downloads.listed, polling) }
}

function observe(operation: RestoreOperation, downloads: Downloads, polling: Polling): Promise<OperationObservation> {
  if (!isDataMover(operation) && polling.ports.plugins !== undefined) return observeByPlugin(operation, polling)
  return Promise.resolve(
    downloads.listed === undefined
      ? { seen: 'unavailable', error: downloads.error }
      : lookUpOperation(operation, downloads.listed),
  )
}

async function whatIsSaid(
  operations: readonly RestoreOperation[],
  downloads: readonly Manifest[] | undefined,
  { ports, session }: Polling,
): Promise<Map<string, string>> {
  const open = operations.filter((operation) => isDataMover(operation) && !isOver(operation.status))
  if (downloads === undefined || open.length === 0) return new Map()
  const hasNodeAgent = open.every(hasBegun) || (await findsNodeAgent(ports.cluster, session.ref.namespace))
  return new Map(
    open.flatMap((operation): [string, string][] => {
      const said = saidOf(operation, downloads, hasNodeAgent)
      return said === undefined ? [] : [[operation.spec.operationID, said]]
    }),
  )
}

function hasBegun({ status }: RestoreOperation): boolean {
  return status.phase === 'InProgress'
}

/** Whether node agents are installed; true where that cannot be seen. */
async function findsNodeAgent(cluster: Cluster, namespace: string): Promise<boolean> {
  try {
    const daemonSet = { group: 'apps', version: 'v1', resource: 'daemonsets', namespace, name: 'node-agent' }
    return (await cluster.get(daemonSet)) !== undefined
  } catch (thrown) {
    refusalOf(thrown)
    return true
  }
}

type Downloads = { listed: Manifest[] } | { listed?: undefined; error: string }

/** A refusal counts as operations that could not be found; transient failures are thrown for another attempt. */
async function listDownloads({ ports, session }: Polling): Promise<Downloads> {
  try {
    return { listed: await listOrders(ports.cluster, dataDownloads, session.ref) }
  } catch (thrown) {
    return { error: refusalOf(thrown).message }
  }
}

/** The journal was first: file and Restore never show what a later attempt would not know. Bytes are shown alone. */
async function show(operations: readonly RestoreOperation[], { session, ports }: Polling): Promise<void> {
  const key = restoreItemOperationsKey(session.ref.name)
  const file = await deflate(goJson(operations))
  if ((await session.store.get(key))?.equals(file) !== true) {
    await session.store.put(key, file, { assertMayWrite: () => ports.presence.assertMayWrite() })
  }
  const counts = countOperations(operations)
  await changeRestore(ports.cluster, session.ref, ({ status }) => {
    const same =
      (status?.restoreItemOperationsAttempted ?? 0) === counts.attempted &&
      (status?.restoreItemOperationsCompleted ?? 0) >= counts.completed &&
      (status?.restoreItemOperationsFailed ?? 0) >= counts.failed
    return same || isTerminal(status?.phase) ? undefined : { status: countFields(counts) }
  })
}

/** The counts as fields of the status; Velero leaves zeros out. */
function countFields({ attempted, completed, failed }: OperationCounts): Record<string, number> {
  const fields = {
    restoreItemOperationsAttempted: attempted,
    restoreItemOperationsCompleted: completed,
    restoreItemOperationsFailed: failed,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, count]) => count > 0))
}
