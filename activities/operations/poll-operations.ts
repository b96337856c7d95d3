import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { advanceOperation } from '../../core/operations/advance-operation.ts'
import type { OperationCounts } from '../../core/operations/operations.ts'
import { lookUpOperation } from '../../core/operations/look-up-operation.ts'
import { countOperations, isOver, operationProgress } from '../../core/operations/operations.ts'
import { parseGoDuration, timeoutOrDefaultMs } from '../../core/values/go-duration.ts'
import { refusalOf } from '../../core/port-errors.ts'
import { tallyOf } from '../../core/results/tally.ts'
import { goJson } from '../../core/values/go-text.ts'
import { isTerminal } from '../../velero/phases.ts'
import { restoreItemOperationsKey } from '../../velero/object-keys.ts'
import type { RestoreOperation } from '../../velero/item-operation.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { readOutcomes } from '../frame/journal.ts'
import { changeRestore } from '../frame/restore-resource.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Session, WorkerParts } from '../frame/session.ts'
import { operationsShard, readOperations, statesOf } from './operation-shards.ts'
import { cancelOrder, dataDownloads, listOrders } from './node-agent-orders.ts'

/** How to poll. */
export interface PollInput {
  ref: AdmittedRef
  /** `once`: poll once. `failure`: until more have failed than the caller knows, or all have ended. `end`: until all have ended. */
  until: 'once' | 'failure' | 'end'
  /** Failed operations that the caller knows of. */
  failed: number
}

/** An operation that could not be found this often in a row has failed. */
const missesMax = 3

const deflate = promisify(gzip)

/**
 * Polls all asynchronous operations of a restore, with one LIST a round, and writes their state at each change: into the
 * journal, into `-itemoperations.json.gz` and as counts into the Restore. A wait of hours is one activity, so the history
 * does not grow with it. A later attempt continues from the journal.
 */
export function pollOperations(parts: WorkerParts) {
  return (input: PollInput): Promise<OperationCounts> => {
    const { ref } = input
    const frame = { doing: `polling operations of restore ${ref.name}`, scope: `${ref.uid}/operations` }
    return runActivity(parts.ports.presence, frame, async (attempt) => {
      const session = await parts.sessions.open(ref)
      return poll(input, { ...parts, session, attempt, misses: new Map() })
    })
  }
}

/** What one attempt works with. */
interface Polling extends WorkerParts {
  session: Session
  attempt: Attempt
  /** How often in a row an operation could not be found, by its id. */
  misses: Map<string, number>
}

async function poll(input: PollInput, polling: Polling): Promise<OperationCounts> {
  const { session } = polling
  let operations = await readOperations(session.journal, tallyOf(await readOutcomes(session.journal, '')))
  await show(operations, polling)
  for (;;) {
    const next = await pollOnce(operations, polling)
    if (JSON.stringify(next) !== JSON.stringify(operations)) await store(next, polling)
    operations = next
    const counts = countOperations(operations)
    polling.attempt.done(counts.completed + counts.failed)
    if (input.until === 'once' || counts.unfinished === 0) return counts
    if (input.until === 'failure' && counts.failed > input.failed) return counts
    polling.attempt.waitingFor(operationProgress(operations))
    await polling.ports.clock.sleep(polling.settings.itemOperationSyncSeconds * 1000, polling.attempt.signal)
  }
}

async function pollOnce(operations: readonly RestoreOperation[], polling: Polling) {
  if (operations.every(({ status }) => isOver(status))) return [...operations]
  const downloads = await listDownloads(polling)
  const timeoutMs = timeoutOrDefaultMs(
    polling.session.admission.spec.itemOperationTimeout,
    parseGoDuration(polling.settings.itemOperationTimeout),
  )
  const nowMs = polling.ports.clock.now().getTime()
  const next: RestoreOperation[] = []
  for (const operation of operations) {
    if (isOver(operation.status)) {
      next.push(operation)
      continue
    }
    const id = operation.spec.operationID
    const observation =
      downloads.listed === undefined
        ? { seen: 'unavailable' as const, error: downloads.error }
        : lookUpOperation(operation, downloads.listed)
    const misses = observation.seen === 'unavailable' ? (polling.misses.get(id) ?? 0) + 1 : 0
    polling.misses.set(id, misses)
    const { status, cancel } = advanceOperation(operation.status, observation, { nowMs, timeoutMs, misses, missesMax })
    const order =
      'name' in observation ? downloads.listed?.find(({ metadata }) => metadata.name === observation.name) : undefined
    if (cancel && order !== undefined) await cancelOrder(polling.ports.cluster, dataDownloads, order)
    next.push({ ...operation, status })
  }
  return next
}

/** A refusal counts as operations that could not be found; transient failures are thrown for another attempt. */
async function listDownloads({
  ports,
  session,
}: Polling): Promise<{ listed: Manifest[] } | { listed?: undefined; error: string }> {
  try {
    return { listed: await listOrders(ports.cluster, dataDownloads, session.ref) }
  } catch (thrown) {
    return { error: refusalOf(thrown).message }
  }
}

/** The journal comes first: file and Restore never show what a later attempt would not know. */
async function store(operations: readonly RestoreOperation[], polling: Polling): Promise<void> {
  await polling.session.journal.write(operationsShard(polling.attempt.id), statesOf(operations))
  await show(operations, polling)
}

async function show(operations: readonly RestoreOperation[], { session, ports }: Polling): Promise<void> {
  await session.store.put(restoreItemOperationsKey(session.ref.name), await deflate(goJson(operations)))
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
