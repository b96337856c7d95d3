import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common'
import { undoRefusedType } from '../../contract/undo-restore.ts'
import { faultLine } from '../../core/program-fault.ts'
import {
  ApiError,
  isConflict,
  isTransient,
  ArchiveError,
  StoreError,
  isStoreTransient,
  isOfCopy,
} from '../../core/port-errors.ts'

/**
 * The types of all failures that an activity throws. The message says what happened and what to do; it shows in the Web
 * UI. Everything else that goes wrong is a value: an outcome, or a message of the results.
 */
export const failureTypes = {
  /** The worker serves another cluster than the one to restore into (rule 3). */
  wrongCluster: 'WrongCluster',
  /** The Restore was deleted, or deleted and created again under its name. */
  gone: 'RestoreGone',
  /** The Restore has ended, or another run works on it: this run was reset and has nothing to do. */
  runOver: 'RunOver',
  /** The restore cannot continue; the message becomes the failureReason. */
  failed: 'RestoreFailed',
  /** A shard of the journal is missing or belongs to something else (rule 4). */
  journal: 'JournalDamaged',
  /** The bucket is unavailable; retried. */
  bucketAway: 'BucketAway',
  /** The API server is unavailable or asks to wait; retried. */
  clusterAway: 'ClusterAway',
  /** The API server refuses a write of the Restore itself, or of a DeleteBackupRequest; retried. */
  notWritten: 'RestoreNotWritten',
  /** The API server has refused the last phase for so long that this run ends without it; the next one tries it again. */
  notEnded: 'PhaseRefused',
  /** This worker's Lease was not renewed in time; retried, here or on another worker (rule 7). */
  noLease: 'NoLease',
  /** Another version of Drydock listed this finalization task; tried again, elsewhere. */
  unknownTask: 'UnknownTask',
  /** A receiver has not taken a notification; retried, unless its answer is final. */
  notDelivered: 'NotDelivered',
  /** A restore cannot be undone; nothing was written. */
  undoRefused: undoRefusedType,
  /** No failure: a look has found something to wait for; Temporal begins the next one after the pause. */
  waiting: 'Waiting',
} as const

/** Ends the restore with phase Failed and this reason. */
export function fatal(reason: string, cause?: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type: failureTypes.failed,
    message: reason,
    nonRetryable: true,
    ...withCause(cause),
  })
}

/** Ends the restore: a shard of the journal is missing, damaged or foreign. The message names it. */
export function journalDamaged(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: failureTypes.journal, message, nonRetryable: true })
}

/** Ends an undo before it has written anything. The message is one sentence that says why. */
export function undoRefused(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: failureTypes.undoRefused, message, nonRetryable: true })
}

/** Ends the activity: the Restore was deleted. */
export function gone(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: failureTypes.gone, message, nonRetryable: true })
}

/** Ends the run without a change of the Restore, which has that phase without it. */
export function runOver(message: string, phase: string): ApplicationFailure {
  return ApplicationFailure.create({ type: failureTypes.runOver, message, nonRetryable: true, details: [phase] })
}

/** Ends the restore: its activity came to a worker of another cluster. */
export function wrongCluster(wanted: string, here: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: failureTypes.wrongCluster,
    message: `this restore is for cluster ${wanted}, this worker serves cluster ${here}: start it on the task queue of its cluster`,
    nonRetryable: true,
  })
}

/** The finalization task is one of another version of Drydock: a worker of that version is to run it. */
export function unknownTask(task: string): ApplicationFailure {
  return retryable(
    failureTypes.unknownTask,
    `this worker does not know the finalization task ${task}, another one is to run it: do all workers have the same version?`,
  )
}

/** A notification was not delivered. It is tried again, after the pause that its receiver asks for, unless that is `final`. */
export function notDelivered(
  message: string,
  { final = false, afterSeconds }: { final?: boolean; afterSeconds?: number | undefined } = {},
): ApplicationFailure {
  return final
    ? ApplicationFailure.create({ type: failureTypes.notDelivered, message, nonRetryable: true })
    : retryable(failureTypes.notDelivered, message, afterSeconds)
}

/** Ends a look: the next one begins after its pause, on any worker, and holds no slot until then. */
export function waiting({
  waitingFor,
  afterSeconds,
}: {
  waitingFor: string
  afterSeconds: number
}): ApplicationFailure {
  return ApplicationFailure.create({
    type: failureTypes.waiting,
    message: `waiting for ${waitingFor}`,
    nextRetryDelay: Math.round(afterSeconds * 1000),
    category: ApplicationFailureCategory.BENIGN,
  })
}

/** The failure of a look after others that found nothing new: they are no reason for Temporal's longest pause. */
export function retriedSoon(failure: unknown): unknown {
  if (!(failure instanceof ApplicationFailure) || failure.nonRetryable === true) return failure
  if (failure.nextRetryDelay !== undefined && failure.nextRetryDelay !== null) return failure
  const { type, message, details } = failure
  return ApplicationFailure.create({
    nextRetryDelay: 1000,
    message,
    ...(type == null ? {} : { type }),
    ...(details == null ? {} : { details }),
    ...withCause(failure.cause),
  })
}

/** The type of a failure, as in {@link failureTypes}; undefined for anything else that was thrown. */
export function failureTypeOf(thrown: unknown): string | undefined {
  return thrown instanceof ApplicationFailure ? (thrown.type ?? undefined) : undefined
}

/**
 * What an activity throws for what a port threw: transient trouble is retried by Temporal, and the message says what is
 * unavailable; anything else ends the restore with its text.
 */
export function asFailure(error: unknown, doing: string): unknown {
  if (error instanceof ApiError) {
    if (error.reason === 'NoLease') return retryable(failureTypes.noLease, `${doing}: ${error.message}`)
    if (isTransient(error)) {
      return retryable(
        failureTypes.clusterAway,
        `${doing}: the API server is unavailable; retrying: ${error.message}`,
        error.retryAfterSeconds,
      )
    }
    // Others kept changing the object, which says nothing about the restore.
    if (isConflict(error)) return retryable(failureTypes.clusterAway, `${doing}: retrying: ${error.message}`)
    return fatal(`${doing}: ${error.message}`)
  }
  if (error instanceof StoreError) {
    if (isStoreTransient(error) || error.kind === 'full' || error.kind === 'credentials' || error.kind === 'denied') {
      return retryable(failureTypes.bucketAway, `${doing}: the bucket is unavailable; retrying: ${error.message}`)
    }
    return fatal(`${doing}: ${error.message}`)
  }
  if (error instanceof ArchiveError) {
    return isOfCopy(error) ? retryable(failureTypes.bucketAway, `${doing}: ${error.message}`) : fatal(error.message)
  }
  return error
}

/**
 * What a refused write of the Restore itself is: tried again, since nothing about the restore follows from it. A webhook
 * may be away while policy engines are being restored, and others may write the Restore too.
 */
export function restoreNotWritten(error: ApiError, restore: string): ApplicationFailure {
  return retryable(failureTypes.notWritten, `Restore ${restore} cannot be written; retrying: ${error.message}`)
}

/** What a refused write of a DeleteBackupRequest is at the end of a deletion: tried again, so that its errors are told. */
export function requestNotWritten(request: string, refusal: string): ApplicationFailure {
  return retryable(failureTypes.notWritten, `DeleteBackupRequest ${request} cannot be written; retrying: ${refusal}`)
}

/** Ends the run, not the restore: its last phase is refused for good. The watcher begins another run, which tries it again. */
export function phaseRefused(message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: failureTypes.notEnded, message, nonRetryable: true })
}

/** A fault of the program is tried so often: it seldom passes, and nobody is to wait for it for hours. */
export const faultAttemptsMax = 3

/** Ends the restore: the program has met the same fault at each attempt. Its first line is told; the log has all of it. */
export function programFault(thrown: unknown, doing: string): ApplicationFailure {
  return fatal(`${doing}: program fault, given up after ${faultAttemptsMax} attempts: ${faultLine(thrown)}`, thrown)
}

function retryable(type: string, message: string, retryAfterSeconds?: number): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    ...(retryAfterSeconds === undefined ? {} : { nextRetryDelay: retryAfterSeconds * 1000 }),
  })
}

function withCause(cause: unknown): { cause?: Error } {
  return cause instanceof Error ? { cause } : {}
}
