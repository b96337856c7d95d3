// What a program sees of the library. It names no type of another package, so a program can check the types of all that it uses.
import type { RestorePhase } from '../../velero/phases.ts'

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
