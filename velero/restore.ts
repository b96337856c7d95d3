import type { Manifest, Metadata } from './manifest.ts'
import type { RestorePhase } from './phases.ts'

/** A label selector of Kubernetes. */
export interface LabelSelector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

/** A command to run in a container of a restored pod. Durations are in Go's syntax. */
export interface ExecRestoreHook {
  container?: string
  command: string[]
  onError?: 'Continue' | 'Fail'
  execTimeout?: string
  waitTimeout?: string
  waitForReady?: boolean
}

/** Init containers to add to a restored pod, before its own. */
export interface InitRestoreHook {
  initContainers?: unknown[]
  timeout?: string
}

/** Hooks for the pods that match the lists and the selector. */
export interface RestoreResourceHookSpec {
  name: string
  includedNamespaces?: string[]
  excludedNamespaces?: string[]
  includedResources?: string[]
  excludedResources?: string[]
  labelSelector?: LabelSelector | null
  postHooks?: { exec?: ExecRestoreHook; init?: InitRestoreHook }[]
}

/** What the user asks for; source: pkg/apis/velero/v1/restore_types.go of v1.18.3. */
export interface RestoreSpec {
  backupName?: string
  scheduleName?: string
  includedNamespaces?: string[] | null
  excludedNamespaces?: string[] | null
  includedResources?: string[] | null
  excludedResources?: string[] | null
  namespaceMapping?: Record<string, string>
  labelSelector?: LabelSelector | null
  orLabelSelectors?: LabelSelector[] | null
  restorePVs?: boolean | null
  restoreStatus?: { includedResources?: string[] | null; excludedResources?: string[] | null } | null
  preserveNodePorts?: boolean | null
  includeClusterResources?: boolean | null
  hooks?: { resources?: RestoreResourceHookSpec[] }
  existingResourcePolicy?: string
  /** After v1.18: what happens to the data of volumes that exist: `none`, `full` or `incremental`. */
  existingVolumeDataPolicy?: string
  itemOperationTimeout?: string
  resourceModifier?: TypedLocalObjectReference | null
  /** After v1.18: without the modifiers that the worker has for restores that name none. */
  skipDefaultResourceModifier?: boolean | null
  resourcePolicy?: TypedLocalObjectReference | null
  uploaderConfig?: {
    writeSparseFiles?: boolean | null
    parallelFilesDownload?: number
    deleteExtraFiles?: boolean | null
  } | null
}

/**
 * Which of Velero's APIs a cluster serves: `next` is what follows v1.18, absent is v1.18. They differ in what a restore
 * may ask for, in what its orders must say, and in a few words of the results.
 */
export type VeleroApi = 'next'

/** A reference to an object in the Restore's namespace. */
export interface TypedLocalObjectReference {
  apiGroup?: string | null
  kind: string
  name: string
}

/** The status of a Restore. Counts of zero are absent, as in Velero. */
export interface RestoreStatus {
  phase?: RestorePhase | ''
  validationErrors?: string[]
  warnings?: number
  errors?: number
  failureReason?: string
  startTimestamp?: string
  completionTimestamp?: string | null
  progress?: { totalItems?: number; itemsRestored?: number }
  restoreItemOperationsAttempted?: number
  restoreItemOperationsCompleted?: number
  restoreItemOperationsFailed?: number
  hookStatus?: { hooksAttempted?: number; hooksFailed?: number }
}

/** The Restore resource. It has no status subresource: status is patched on the main endpoint. */
export interface Restore {
  apiVersion: 'velero.io/v1'
  kind: 'Restore'
  metadata: Metadata
  spec: RestoreSpec
  status?: RestoreStatus
}

/** An object of the API server as a Restore. Velero's CRD lets one have no spec: that is an empty one, which validation refuses. */
export function asRestore(manifest: Manifest): Restore {
  return { spec: {}, ...manifest } as Restore
}
