import {
  cancelAnnotation,
  claimedAnnotation,
  planAnnotation,
  retriedAnnotation,
  retryAnnotation,
  retryRefusedAnnotation,
  runAnnotation,
} from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore, RestoreStatus } from '../../velero/restore.ts'
import { isPlanAsked } from '../preview/is-plan-asked.ts'
import { operationsOf } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'
import { undoStateOf } from '../undo/undo-state.ts'
import { isSweptByVelero } from '../results/restore-status.ts'

/** The token of a retry that nobody has answered yet; undefined where none is asked for. */
export function pendingRetry({ metadata }: Restore): string | undefined {
  const token = metadata.annotations?.[retryAnnotation] ?? ''
  return token === '' || token === metadata.annotations?.[retriedAnnotation] ? undefined : token
}

/** The number of the last run of a restore: 1 where it was never retried. */
export function runOf({ metadata }: Pick<Restore, 'metadata'>): number {
  const run = Number(metadata.annotations?.[runAnnotation])
  return Number.isSafeInteger(run) && run > 1 ? run : 1
}

/** Why a restore cannot be retried, as a sentence after its name; undefined where the Restore itself allows it. */
export function whyNotRetried(restore: Restore): string | undefined {
  const { metadata, status = {} } = restore
  const { phase } = status
  if (metadata.deletionTimestamp !== undefined) return 'is being deleted'
  if (isPlanAsked(metadata.annotations?.[planAnnotation])) return 'is a plan: make a new one'
  if (undoStateOf(restore) !== undefined) return whyNotAfterUndo(restore)
  if (phase === 'Completed') return 'is Completed: nothing of it failed'
  if (phase === 'FailedValidation') return 'was not valid: correct it and create it again'
  const claimed = metadata.annotations?.[claimedAnnotation] !== undefined
  if (claimed && isSweptByVelero(status))
    return 'still runs: a starting Velero server has marked it as Failed, and a worker puts its phase back'
  if (!isTerminal(phase)) return `is not over: its phase is ${phase || 'New'}, and only a finished restore is retried`
  return claimed || isWithoutJournal(status) ? undefined : 'was not begun by Drydock: create it again'
}

function whyNotAfterUndo(restore: Restore): string {
  return undoStateOf(restore)?.state === 'begun'
    ? 'is being undone'
    : 'was undone, whole or in part: create a new restore of the backup'
}

/** How the failureReason of a restore begins whose journal could not be written, so that nothing of it was begun. */
export const noJournal = 'restore execution failed: the journal cannot be written'

function isWithoutJournal({ phase, failureReason = '' }: RestoreStatus): boolean {
  return phase === 'Failed' && failureReason.startsWith(noJournal)
}

/**
 * Whether an outcome of an earlier run stands in a retry. It does not where the item failed or has an error, where it was
 * to be tried again, where a cancel came before the steps that follow its create, and where its operation failed: such items
 * are done again, and their messages are replaced.
 */
export function isThrough(outcome: Outcome, failedOperations: ReadonlySet<string>): boolean {
  if (outcome.action === 'failed' || outcome.parked !== undefined || outcome.cut === true) return false
  if (outcome.messages.some(({ severity }) => severity === 'error')) return false
  return operationsOf(outcome).every(({ spec }) => !failedOperations.has(spec.operationID))
}

/**
 * The patch that begins a run: back to `InProgress`, without what the earlier run said of its end, and without the cancel
 * that ended it. The start stays: it is the same restore.
 */
export function beginRun(
  run: number,
  token: string,
): { metadata: { annotations: Record<string, string | null> }; status: object } {
  const annotations = {
    [runAnnotation]: String(run),
    [retriedAnnotation]: token,
    [retryRefusedAnnotation]: null,
    [cancelAnnotation]: null,
  }
  return { metadata: { annotations }, status: { phase: 'InProgress', ...noEnd } }
}

/** The patch that makes a restore new again whose journal could not be written: it is admitted once more. */
export function beginAnew(token: string): object {
  const annotations = { [retriedAnnotation]: token, [retryRefusedAnnotation]: null, [cancelAnnotation]: null }
  return { metadata: { annotations }, status: { phase: null, startTimestamp: null, ...noEnd } }
}

/** Takes away what a run says of its end. */
const noEnd = {
  completionTimestamp: null,
  failureReason: null,
  warnings: null,
  errors: null,
  progress: null,
  hookStatus: null,
  restoreItemOperationsAttempted: null,
  restoreItemOperationsCompleted: null,
  restoreItemOperationsFailed: null,
}

/** The annotations that answer a token that was there while the restore still ran; none where there is none. */
export function refusedWhileRunning(restore: Restore): Record<string, string> | undefined {
  const token = pendingRetry(restore)
  return token === undefined ? undefined : refusedRetry(token, 'was not over when the retry was asked for')
}

/** The annotations that answer a token with a refusal. */
export function refusedRetry(token: string, why: string): Record<string, string> {
  return { [retriedAnnotation]: token, [retryRefusedAnnotation]: why }
}
