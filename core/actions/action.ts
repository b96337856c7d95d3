import type { Backup } from '../../velero/backup.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource, ItemAddress, ResourceRef } from '../../velero/resource.ts'
import type { RestoreSpec, VeleroApi } from '../../velero/restore.ts'

/**
 * An item action, Velero's RestoreItemAction: it changes an item before the item is written to the cluster. The
 * built-in actions are pure functions. What they need to know of the cluster is read once per restore (`ActionFacts`).
 * Objects to create beside the item are returned as companions. Additional items, which are restored before the item,
 * are named from the manifest in the backup alone, so that the plan can order them (rule 11).
 */
export interface ItemAction {
  /** The registered name, such as `velero.io/pod`. Messages and operations contain it. */
  readonly name: string
  /** The resources to whose items the action applies, by their full names: `pods`, `deployments.apps`. */
  readonly appliesTo: readonly GroupResource[]
  /** If set, the action runs only for items that have this label, with any value. */
  readonly requiresLabel?: string
  /** If set, the action runs only if the Velero server has this feature flag. */
  readonly feature?: 'EnableCSI'
  /**
   * Whether Velero's action converts this item to a Go struct and back; false if the function is absent. The conversion
   * adds `creationTimestamp: null`, so Velero never finds the object equal to the one in the cluster, and its warnings
   * and lists say so. We keep that result, but do not write the added field (docs/velero-parity.md, "Item actions").
   * Source: the built-in actions in pkg/restore/actions.
   */
  convertsThroughStruct?(item: Manifest, spec: RestoreSpec, facts: ActionFacts): boolean
  /**
   * Returns the changed item and never changes its input. Throws `ActionError` where Velero's action returns an error.
   */
  execute(input: ActionInput): ActionResult
  /** The items that must be restored before this one. */
  additionalItems?(input: AdditionalItemsInput): AdditionalItems
}

/** What actions know of the restore. */
export interface RestoreView {
  namespace: string
  name: string
  uid: string
  /** The run, from 2 for a retry: what it orders anew gets other names. Absent in the first run. */
  run?: number
  /** Which of Velero's APIs the cluster serves; absent for v1.18. */
  api?: VeleroApi
  spec: RestoreSpec
}

/** The input of one call of an action. */
export interface ActionInput {
  /** The item as the previous actions changed it. Its namespace is that of the backup. */
  item: Manifest
  /** The item as it is in the backup. */
  itemFromBackup: Manifest
  restore: RestoreView
  facts: ActionFacts
}

/** What actions know of cluster and backup. It is read once per restore, so that each attempt uses the same facts. */
export interface ActionFacts {
  backup: Backup
  /**
   * By the name of an action: the ConfigMaps in Velero's namespace with the labels `velero.io/plugin-config` and
   * `<action name>=RestoreItemAction`.
   */
  pluginConfigs: Record<string, Manifest[]>
  /** The names of the cluster's StorageClasses. */
  storageClasses: string[]
  volumeSnapshotClasses: Manifest[]
  volumeGroupSnapshotClasses: Manifest[]
  /** PodVolumeBackups of this backup. */
  podVolumeBackups: Manifest[]
  /** The image of the first container of Deployment `velero`, the default image of the restore helper. */
  veleroImage?: string
  /** `<target namespace>/<name>` of the claims that existed before this restore. */
  existingClaims: string[]
  /**
   * The claim at hand stands, and its data is to be written into its volume: what is known of the volume, or why that
   * cannot be. It is read for one item at the moment in which the item is prepared.
   */
  inPlace?: VolumeInPlace | { problem: string }
  /**
   * The names of ServiceAccounts by namespace, including those that this restore creates before it comes to Secrets.
   */
  serviceAccounts: Record<string, string[]>
  /** The ConfigMaps with results of DataUploads that the action `velero.io/dataupload` creates in this restore. */
  dataUploadResults: Manifest[]
}

/** A volume that stands, into which data is to be written. */
export interface VolumeInPlace {
  volume: string
  /** Its size, as a quantity. */
  capacity: string
  /** The node for which it was made. */
  selectedNode?: string
}

/** The result of one call of an action. */
export interface ActionResult {
  item: Manifest
  /** The item is not written, and is listed as `skipped`. */
  skip?: boolean
  /** Objects to create before the item. Their names follow rule 6. */
  companions?: Companion[]
  /** The id of the asynchronous operation that the restore then waits for. */
  operationId?: string
}

/** An object that is created beside an item. */
export interface Companion {
  resource: ResourceRef
  manifest: Manifest
  /** It is for Drydock and Velero alone, in Velero's namespace: the worker writes it, as whomever the item is written. */
  ofDrydock?: true
  /**
   * Several items may share one companion. If it exists already and is ours, the entries of the list at this path that
   * the live object does not have are appended to it.
   */
  appends?: readonly string[]
  /**
   * If the companion cannot be created, the item fails with `<onError>: <API error>`. Without `onError` the failure is
   * only logged.
   */
  onError?: string
  /** The status to patch after the creation. */
  status?: Record<string, unknown>
}

/** The input for `additionalItems`. */
export interface AdditionalItemsInput {
  itemFromBackup: Manifest
  restore: RestoreView
  facts: ActionFacts
}

/** Items to restore before the parent. */
export interface AdditionalItems {
  items: ItemAddress[]
  /**
   * They are restored although resource or namespace filters or `includeClusterResources: false` exclude them (since
   * v1.18.3).
   */
  mustInclude?: boolean
}

/** An error of an action in Velero's words. The item fails with `error preparing <id>: rpc error: … <message>`. */
export class ActionError extends Error {
  override readonly name = 'ActionError'
}
