import { advanceOperation } from '../../core/operations/advance-operation.ts'
import type { OperationCounts } from '../../core/operations/operations.ts'
import { lookUpOperation } from '../../core/operations/look-up-operation.ts'
import { countOperations, isOver, operationProgress } from '../../core/operations/operations.ts'
import { parseGoDuration, timeoutOrDefaultMs } from '../../core/values/go-duration.ts'
import { refusalOf } from '../../core/port-errors.ts'
import { tallyOf } from '../../core/results/tally.ts'
import { isTerminal } from '../../velero/phases.ts'
import { restoreItemOperationsKey } from '../../velero/object-keys.ts'
import type { RestoreOperation } from '../../velero/item-operation.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { withAttempt } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { asFailure } from '../frame/failures.ts'
import { readOutcomes } from '../frame/journal.ts'
import type { Ports } from '../ports.ts'
import { putJson } from '../frame/put-json.ts'
import { changeRestore } from '../frame/restore-resource.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Session, Sessions } from '../frame/session.ts'
import type { Settings } from '../settings.ts'
import { operationsShard, readOperations, statesOf } from './operation-shards.ts'
import { cancelOrder, dataDownloads, listOrders } from './work-orders.ts'

/** How to poll. */
export interface PollInput {
  ref: AdmittedRef
  /** `once`: one look. `failure`: until more have failed than the caller knows, or all are over. `end`: until all are over. */
  until: 'once' | 'failure' | 'end'
  /** Failed operations that the caller knows of. */
  failed: number
}

/** So many looks in a row that fail are an operation's end. */
const missesMax = 3

/**
 * Polls all asynchronous operations of a restore side by side, with one LIST a round, and keeps their state in the
 * journal, `-itemoperations.json.gz` and the Restore's counts current at each change. A wait of hours is this one
 * activity: history gets no event a round. What a later attempt needs is in the journal.
 */
export function pollOperations({ ports, sessions, settings }: OperationParts) {
  return (input: PollInput): Promise<OperationCounts> =>
    withAttempt(ports.presence.worker, async (attempt) => {
      const scope = `${input.ref.uid}/operations`
      const end = ports.presence.begin(scope)
      try {
        if (attempt.number > 1)
          await ports.presence.fence(scope, { signal: attempt.signal, onWait: attempt.waitingFor })
        return await poll(input, { ports, sessions, settings, attempt, misses: new Map() })
      } catch (thrown) {
        throw asFailure(thrown, `polling operations of restore ${input.ref.name}`)
      } finally {
        end()
      }
    })
}

/** What activities on operations are made of. */
export interface OperationParts {
  ports: Ports
  sessions: Sessions
  settings: Settings
}

interface Desk extends OperationParts {
  attempt: Attempt
  /** Looks in a row that failed, by operation id. */
  misses: Map<string, number>
}

async function poll(input: PollInput, desk: Desk): Promise<OperationCounts> {
  const session = await desk.sessions.open(input.ref)
  let operations = await readOperations(session.journal, tallyOf(await readOutcomes(session.journal, '')))
  await show(session, operations, desk)
  for (;;) {
    const next = await lookAt(session, operations, desk)
    if (JSON.stringify(next) !== JSON.stringify(operations)) await keep(session, next, desk)
    operations = next
    const counts = countOperations(operations)
    desk.attempt.done(counts.completed + counts.failed)
    if (input.until === 'once' || counts.unfinished === 0) return counts
    if (input.until === 'failure' && counts.failed > input.failed) return counts
    desk.attempt.waitingFor(operationProgress(operations))
    await desk.ports.clock.sleep(desk.settings.itemOperationSyncSeconds * 1000, desk.attempt.signal)
  }
}

async function lookAt(session: Session, operations: readonly RestoreOperation[], desk: Desk) {
  if (operations.every(({ status }) => isOver(status))) return [...operations]
  const downloads = await listDownloads(session, desk)
  const timeoutMs = timeoutOrDefaultMs(
    session.admission.spec.itemOperationTimeout,
    parseGoDuration(desk.settings.itemOperationTimeout),
  )
  const nowMs = desk.ports.clock.now().getTime()
  const next: RestoreOperation[] = []
  for (const operation of operations) {
    if (isOver(operation.status)) {
      next.push(operation)
      continue
    }
    const id = operation.spec.operationID
    const sighting =
      downloads.listed === undefined
        ? { seen: 'nothing' as const, error: downloads.error }
        : lookUpOperation(operation, downloads.listed)
    const misses = sighting.seen === 'nothing' ? (desk.misses.get(id) ?? 0) + 1 : 0
    desk.misses.set(id, misses)
    const { status, cancel } = advanceOperation(operation.status, sighting, { nowMs, timeoutMs, misses, missesMax })
    const order =
      'name' in sighting ? downloads.listed?.find(({ metadata }) => metadata.name === sighting.name) : undefined
    if (cancel && order !== undefined) await cancelOrder(desk.ports.cluster, dataDownloads, order)
    next.push({ ...operation, status })
  }
  return next
}

/** Trouble that passes is thrown for another attempt; a refusal is a look that failed. */
async function listDownloads(
  session: Session,
  desk: Desk,
): Promise<{ listed: Manifest[] } | { listed?: undefined; error: string }> {
  try {
    return { listed: await listOrders(desk.ports.cluster, dataDownloads, session.ref) }
  } catch (thrown) {
    return { error: refusalOf(thrown).message }
  }
}

/** Journal first: what the file and the Restore show is never ahead of what is remembered. */
async function keep(session: Session, operations: readonly RestoreOperation[], desk: Desk): Promise<void> {
  await session.journal.write(operationsShard(desk.attempt.id), statesOf(operations))
  await show(session, operations, desk)
}

async function show(session: Session, operations: readonly RestoreOperation[], desk: Desk): Promise<void> {
  await putJson(session.store, restoreItemOperationsKey(session.ref.name), operations)
  const counts = countOperations(operations)
  await changeRestore(desk.ports.cluster, session.ref, ({ status }) => {
    const same =
      (status?.restoreItemOperationsAttempted ?? 0) === counts.attempted &&
      (status?.restoreItemOperationsCompleted ?? 0) >= counts.completed &&
      (status?.restoreItemOperationsFailed ?? 0) >= counts.failed
    return same || isTerminal(status?.phase) ? undefined : { status: countFields(counts) }
  })
}

/** Velero leaves zeros out. */
function countFields({ attempted, completed, failed }: OperationCounts): Record<string, number> {
  const fields = {
    restoreItemOperationsAttempted: attempted,
    restoreItemOperationsCompleted: completed,
    restoreItemOperationsFailed: failed,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, count]) => count > 0))
}
