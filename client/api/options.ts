// What a program sees of the library. It names no type of another package, so a program can check the types of all that it uses.
import type { RestoreOutcome } from '../../contract/restore-outcome.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Results } from '../../velero/results.ts'

/** Where the cluster and Temporal are. What is absent is found as kubectl and Temporal's own command line find it. */
export interface ConnectionOptions {
  /** Path of a kubeconfig; without it `KUBECONFIG`, `~/.kube/config`, or the pod's service account. */
  kubeconfig?: string | undefined
  /** A context of the kubeconfig. */
  context?: string | undefined
  /** Velero's namespace; without it `VELERO_NAMESPACE`, or `velero`. */
  namespace?: string | undefined
  /** A profile of Temporal's configuration file; `TEMPORAL_…` variables override it. */
  profile?: string | undefined
  /** Plugins of Temporal's client (its `ClientPlugin`), for instance one that traces. */
  plugins?: readonly { readonly name: string }[] | undefined
  /** Receives log lines about the connection to the cluster. */
  verbose?: ((line: string) => void) | undefined
}

/** Where the servers are, and when to stop. */
export interface CallOptions extends ConnectionOptions {
  /** Ends the call, which then rejects with the reason of the signal. What the call has asked for may be done all the same. */
  signal?: AbortSignal | undefined
}

/** Where a restore stands. */
export interface RestoreState {
  name: string
  /** `Gone`: the Restore was deleted. */
  phase: RestorePhase | 'Gone'
  over: boolean
  /** Number of the wave that is being restored, from 1; absent before the first, and where the workflow does not answer. */
  wave?: number
  waves?: number
  /** The resource of this wave, such as `deployments.apps`. */
  groupResource?: string
  itemsDone: number
  /** 0 while it is not known. */
  itemsTotal: number
  /** Items of the current wave that are still to come; absent where that is not known. */
  waveLeft?: number
  warnings: number
  errors: number
  /** What the restore waits for, in words; absent while it works. */
  waitingFor?: string
}

/**
 * How a restore was asked: by a signal to its workflow, or, where that cannot be reached, by the annotation of the Restore
 * alone, which the workers watch for.
 */
export type AskedBy = 'signal' | 'annotation'

/** One line of the log of a restore. */
export interface LogLine {
  /** RFC 3339. */
  time: string
  level: string
  message: string
  /** What else the line says, such as `groupResource` and `namespace`. */
  fields: Readonly<Record<string, string>>
}

/** How a file is read from the bucket. */
export interface ReadOptions {
  /** Milliseconds to wait for the answer to a DownloadRequest. */
  timeoutMs?: number | undefined
  /** PEM of certificates to trust beside the system's. */
  caCert?: string | undefined
  insecureSkipTlsVerify?: boolean | undefined
}

/** When to stop: the call, not the restore. */
export interface SignalOptions {
  /** Ends the call, which then rejects with the reason of the signal. */
  signal?: AbortSignal | undefined
}

/** How to wait for the end of a restore. */
export interface ResultOptions extends SignalOptions {
  /** Receives each state, about twice a second. */
  onState?: (state: RestoreState) => void
}

/**
 * A restore, to wait for or to steer. It continues whether or not a program waits for it. Each method throws a `ClientError`,
 * `NOT_FOUND` where the Restore was deleted meanwhile.
 */
export interface RestoreHandle {
  name: string
  uid: string
  /** The id of its workflow in Temporal. */
  workflowId: string
  /** The Restore as it was when this handle was made. */
  manifest: Restore
  /** Waits until the restore is over. A restore that failed or was cancelled is a result as well: nothing is thrown. */
  result(options?: ResultOptions): Promise<RestoreOutcome>
  /** Its states, each that differs from the one before it, until it is over; the iterator returns the outcome. */
  watch(options?: SignalOptions): AsyncGenerator<RestoreState, RestoreOutcome, void>
  /** Asks the restore to stop at the next item. Throws `RESTORE_OVER` where it is over. */
  cancel(reason: string, options?: SignalOptions): Promise<AskedBy>
  /** Starts no further chunk until the restore is resumed. Throws `RESTORE_OVER` where it is over. */
  pause(reason: string, options?: SignalOptions): Promise<AskedBy>
  /** Ends a pause. Throws `RESTORE_OVER` where the restore is over. */
  resume(options?: SignalOptions): Promise<AskedBy>
  /**
   * Does again what failed of the restore, or was not reached when it was cancelled. The same token makes one run. Resolves
   * with the number of the run once it has begun. Throws `NOT_RETRIED` where the restore cannot be retried, for instance
   * since it is Completed or still runs, and `NO_ANSWER` where no worker has answered.
   */
  retry(token?: string, options?: SignalOptions): Promise<{ run: number }>
  /** Its warnings and errors, from the bucket. Throws `NOT_WRITTEN` before its items are restored. */
  results(options?: SignalOptions & ReadOptions): Promise<Results>
  /** Its log, from the bucket. Throws `NOT_WRITTEN` before its items are restored. */
  log(options?: SignalOptions & ReadOptions): Promise<LogLine[]>
}

/** What the client's exit codes mean. Scripts rely on them, so they never change. */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  partiallyFailed: 3,
  failed: 4,
  cancelled: 5,
  notFound: 6,
  temporalUnreachable: 7,
  clusterUnreachable: 8,
  interrupted: 130,
} as const

/** One of the client's exit codes. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/**
 * What kind of error it is, for programs. Names that exist keep their meaning; a later version may add some.
 *
 * - `INVALID_ARGUMENT`: an argument or the configuration is wrong, for instance the kubeconfig
 * - `NOT_FOUND`: no such Restore, backup, schedule or workflow, or the Restore was deleted
 * - `ALREADY_EXISTS`: a Restore has the name
 * - `INVALID_RESTORE`: a worker would end the Restore as FailedValidation; nothing was created
 * - `RESTORE_OVER`: the restore is over, so it can be neither cancelled, paused nor resumed
 * - `NOT_RETRIED`: the restore cannot be retried
 * - `NOT_UNDONE`: the restore cannot be undone, or its undo could not go on
 * - `NO_ANSWER`: no worker has answered yet; what was asked for stands on the Restore
 * - `NOT_WRITTEN`: the file does not exist, or not yet
 * - `TEMPORAL_UNREACHABLE`, `CLUSTER_UNREACHABLE`: no answer, or one that says that the server is in trouble
 * - `UNAUTHORIZED`, `FORBIDDEN`: the cluster refuses the credentials, or what they ask for
 * - `CLUSTER_REFUSED`: any other answer of the API server, such as a conflict
 * - `BUCKET`: the bucket cannot be read, or a file in it is damaged
 * - `OTHER`: none of these
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'INVALID_RESTORE'
  | 'RESTORE_OVER'
  | 'NOT_RETRIED'
  | 'NOT_UNDONE'
  | 'NO_ANSWER'
  | 'NOT_WRITTEN'
  | 'TEMPORAL_UNREACHABLE'
  | 'CLUSTER_UNREACHABLE'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'CLUSTER_REFUSED'
  | 'BUCKET'
  | 'OTHER'

/** An error that a user can do something about: a message of one line, its kind, and the exit code of its kind. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ErrorCode
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options: { cause?: unknown; code?: ErrorCode } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.exitCode = exitCode
    this.code = options.code ?? codesByExit[exitCode] ?? 'OTHER'
  }
}

const codesByExit: Partial<Record<ExitCode, ErrorCode>> = {
  [exitCodes.usage]: 'INVALID_ARGUMENT',
  [exitCodes.notFound]: 'NOT_FOUND',
  [exitCodes.temporalUnreachable]: 'TEMPORAL_UNREACHABLE',
  [exitCodes.clusterUnreachable]: 'CLUSTER_UNREACHABLE',
}

/** Which report is read. */
export interface ReportOptions extends CallOptions, ReadOptions {
  /** That of the undo of the restore. */
  undo?: boolean
}
