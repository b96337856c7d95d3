import type { RestoreOutcome } from '../../contract/restore-outcome.ts'
import type { UndoResult } from '../../contract/undo-outcome.ts'
import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import type { Results } from '../../velero/results.ts'
import { openConnections, veleroNamespace } from './connections.ts'
import type {
  AskedBy,
  CallOptions,
  LogLine,
  ReadOptions,
  ReportOptions,
  RestoreHandle,
  RestoreState,
  ResultOptions,
} from './options.ts'
import { reportOf, undoReportOf } from './report/read-report.ts'
import { handleOf } from './restore-handle.ts'
import { withConnections } from './session.ts'
import { composeManifest, submitRestore } from './start-restore.ts'
import { startUndo } from './undo/undo-restore.ts'
import { isOver as hasEnded, readRestores, requireRestore } from './velero-objects.ts'

export type { KeptObject, UndoCounts, UndoResult } from '../../contract/undo-outcome.ts'
export type { RestoreOutcome } from '../../contract/restore-outcome.ts'
export type { RestorePhase } from '../../velero/phases.ts'
export type { Restore, RestoreSpec, RestoreStatus } from '../../velero/restore.ts'
export type { Result, Results } from '../../velero/results.ts'
export { ClientError } from './options.ts'
export type { ErrorCode, ExitCode } from './options.ts'
export type {
  AskedBy,
  CallOptions,
  ConnectionOptions,
  LogLine,
  ReadOptions,
  ReportOptions,
  RestoreHandle,
} from './options.ts'
export type { RestoreState, ResultOptions, SignalOptions } from './options.ts'

/** What to restore, and where the servers are. */
export interface StartRestoreOptions extends CallOptions {
  spec: RestoreSpec
  /** The name of the Restore; without it the name of the backup and the time. */
  name?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** Which restores to list, and where the servers are. */
export interface ListRestoresOptions extends CallOptions {
  /** Only Restores with these labels, as in `kubectl -l`. */
  selector?: string
}

/** Why, and where the servers are. */
export interface ReasonOptions extends CallOptions {
  /** Shown to people: in the Web UI, in `describe`, and for a cancel in `status.failureReason`. */
  reason?: string
}

/** Which run is meant, and where the servers are. */
export interface RetryRestoreOptions extends CallOptions {
  /** The same token makes one run, however often it is asked for. Without it each call asks for a run of its own. */
  token?: string
}

/** What to undo, and where the servers are. */
export interface UndoRestoreOptions extends CallOptions {
  /** Change nothing. */
  dryRun?: boolean
}

/**
 * Creates a Restore and starts its workflow, as `drydock start` does. Throws where the request is refused: `NOT_FOUND`,
 * `INVALID_RESTORE`, `ALREADY_EXISTS`. While Temporal cannot be reached the Restore is created all the same, and a worker starts
 * its workflow.
 */
export async function startRestore(options: StartRestoreOptions): Promise<RestoreHandle> {
  const { spec, name, labels, annotations } = options
  const parts = { spec, name, labels, annotations, namespace: veleroNamespace(options) }
  return withConnections(options, openConnections, async (connections) => {
    const { restore } = await submitRestore(connections, composeManifest(parts, new Date()))
    return handleOf(options, connections, restore)
  })
}

/** The Restore with this name, over or not. Throws `NOT_FOUND` where there is none. */
export async function getRestore(name: string, options: CallOptions = {}): Promise<RestoreHandle> {
  return withConnections(options, openConnections, async (connections) =>
    handleOf(options, connections, await requireRestore(connections, name)),
  )
}

/** The Restores of Velero's namespace, oldest first, those that are over included. */
export async function listRestores(options: ListRestoresOptions = {}): Promise<RestoreHandle[]> {
  return withConnections(options, openConnections, async (connections) => {
    const restores = await readRestores(connections, options.selector)
    return restores.map((restore) => handleOf(options, connections, restore))
  })
}

/**
 * The states of a restore, each that differs from the one before it, until the restore is over. `for await` ends after the last one;
 * to break off ends the watching, not the restore. Throws `NOT_FOUND` where there is no such Restore.
 */
export async function* watchRestore(
  name: string,
  options: CallOptions = {},
): AsyncGenerator<RestoreState, RestoreOutcome, void> {
  return yield* (await getRestore(name, options)).watch(options)
}

/** Waits until a restore is over. A restore that failed or was cancelled is a result as well: nothing is thrown for it. */
export async function awaitRestore(name: string, options: CallOptions & ResultOptions = {}): Promise<RestoreOutcome> {
  return (await getRestore(name, options)).result(options)
}

/** Asks a restore to stop at the next item; it ends `Failed` with the reason. Throws `RESTORE_OVER` where it is over. */
export async function cancelRestore(name: string, options: ReasonOptions = {}): Promise<AskedBy> {
  return (await getRestore(name, options)).cancel(options.reason ?? 'by a program', options)
}

/** Starts no further chunk of a restore until it is resumed. Throws `RESTORE_OVER` where it is over. */
export async function pauseRestore(name: string, options: ReasonOptions = {}): Promise<AskedBy> {
  return (await getRestore(name, options)).pause(options.reason ?? 'by a program', options)
}

/** Ends a pause. Throws `RESTORE_OVER` where the restore is over. */
export async function resumeRestore(name: string, options: CallOptions = {}): Promise<AskedBy> {
  return (await getRestore(name, options)).resume(options)
}

/**
 * Does again what failed of a restore that is over, or was not reached, and resolves with the number of the run once it has begun.
 * Throws `NOT_RETRIED` where that cannot be, for instance since it is Completed, and `NO_ANSWER` where no worker has answered.
 */
export async function retryRestore(name: string, options: RetryRestoreOptions = {}): Promise<{ run: number }> {
  return (await getRestore(name, options)).retry(options.token, options)
}

/**
 * Takes back what a restore has done, as far as nobody has changed it since, and resolves once that is done; with `dryRun` it changes
 * nothing, and resolves with what would be done. Throws `NOT_UNDONE` with one sentence where that cannot be. The undo goes on where a
 * signal ends the call; `cancelRestore` stops it.
 */
export async function undoRestore(name: string, options: UndoRestoreOptions = {}): Promise<UndoResult> {
  return withConnections(options, openConnections, async (connections) => {
    const restore = await requireRestore(connections, name)
    return (await startUndo(connections, restore, { dryRun: options.dryRun === true })).result()
  })
}

/** The warnings and errors of a restore, from the bucket. Throws `NOT_WRITTEN` before its items are restored. */
export async function readResults(name: string, options: CallOptions & ReadOptions = {}): Promise<Results> {
  return (await getRestore(name, options)).results(options)
}

/** The log of a restore, from the bucket. Throws `NOT_WRITTEN` before its items are restored. */
export async function readLog(name: string, options: CallOptions & ReadOptions = {}): Promise<LogLine[]> {
  return (await getRestore(name, options)).log(options)
}

/**
 * The report of a restore that is over, as an HTML page that needs no network. It comes from the bucket, or is made of the result
 * files where no worker has written it. With `undo` it is the one of its undo. Throws `NOT_WRITTEN` before the items are restored, and
 * before the undo has ended.
 */
export async function readReport(name: string, options: ReportOptions = {}): Promise<string> {
  const read = options.undo === true ? undoReportOf : reportOf
  return withConnections(options, openConnections, async (connections) =>
    read(connections, await requireRestore(connections, name), options),
  )
}

/** Whether a restore is over. */
export function isOver(restore: Restore): boolean {
  return hasEnded(restore)
}
