import type { ManagedFieldsMode } from '../core/items/field-owners.ts'
import type { NotifyOrder } from '../contract/notify.ts'
import type { Template } from '../core/notify/template.ts'
import type { ActingUser } from '../core/asked/acting-user.ts'
import type { RestorePolicy } from '../core/asked/restore-policy.ts'
import type { GroupResource } from '../velero/resource.ts'

/** The settings of a worker that activities use; `worker/config.ts` reads them from the environment, with defaults and bounds. */
export interface Settings {
  /** The namespace of Velero's resources. */
  veleroNamespace: string
  /** Items in one chunk, at most. */
  chunkItemsMax: number
  /** Bytes of manifests in one chunk, at most. */
  chunkBytesMax: number
  /** Chunks of one restore that run side by side, over all workers. */
  lanes: number
  /** Items between two checkpoints of the journal. */
  checkpointItems: number
  /** Items in flight on this worker, over all restores. */
  itemsInFlightMax: number
  /** Restores whose hooks run commands at once on this worker. It has that many slots beyond those of other work. */
  hookRunsMax: number
  /** Restores that restore items at once, over all workers; the rest wait for their turn. */
  restoresMax: number
  /** How long a restore may wait for its turn and its namespaces. */
  lockTimeoutSeconds: number
  /** `--resource-timeout`: waits for CRDs, volumes and hooks. */
  resourceTimeoutSeconds: number
  /** How long an item that fails for something that may pass is tried again, from its first failure. */
  itemDeadlineSeconds: number
  /** How long a bucket that does not answer is waited for before its location counts as unavailable, and by a new restore. */
  locationTimeoutSeconds: number
  /** `--terminating-resource-timeout`: waits for namespaces that are being deleted. */
  terminatingTimeoutSeconds: number
  /** `--default-item-operation-timeout`, in Go's syntax. */
  itemOperationTimeout: string
  /** `--item-operation-sync-frequency`: how often asynchronous operations are looked at. */
  itemOperationSyncSeconds: number
  /** `--fs-backup-timeout`: how long the volumes of one pod may take to be filled. */
  podVolumeTimeoutSeconds: number
  /** `--default-resource-modifier-configmap`: for restores that name no modifiers; empty for none. */
  defaultModifiers: string
  /** `--features` of the Velero server: `EnableCSI`, `EnableAPIGroupVersions`. */
  features: readonly string[]
  /** How managed fields are restored where the Restore has no annotation for it. */
  managedFields: ManagedFieldsMode
  /** Whether restores are polite where the Restore has no annotation for it. */
  polite: boolean
  /** `--restore-resource-priorities`. */
  priorities: { high: readonly GroupResource[]; low: readonly GroupResource[] }
  /** Whether Velero's own restore controllers run; `auto` looks at Deployment `velero`. */
  veleroControllers: 'auto' | 'on' | 'off'
  /** Under which address people find the files of the backup location, for the link to a report; empty for none. */
  reportUrl: string
  /** How the end of a restore is notified; undefined where no receiver is set. */
  notify: (NotifyOrder & { template: Template }) | undefined
  /** As whom all restores write; undefined for the worker itself, or whom the Restore names. */
  actingUser: ActingUser | undefined
  /** Who may restore what into which namespaces; undefined for what the cluster allows. */
  policy: RestorePolicy | undefined
  /** Whether restored objects are validated at the end where the Restore has no annotation for it. */
  validate: boolean
}
