import type { Backup } from '../../velero/backup.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource, ItemAddress, ResourceRef } from '../../velero/resource.ts'
import type { RestoreSpec } from '../../velero/restore.ts'

/**
 * What Velero calls a RestoreItemAction: it changes an item on its way back into a cluster.
 * The built-in ones are pure. What they must know of the cluster is gathered once per restore (see `ActionFacts`),
 * what they want created beside the item they return as companions, and the items they pull in are named from the
 * archived manifest alone, so that the plan can put those before their parent (rule 11).
 */
export interface ItemAction {
  /** The registered name, such as `velero.io/pod`; it stands in messages and operations. */
  readonly name: string
  /** Group-resources in Velero's spelling, resolved: `pods`, `deployments.apps`. */
  readonly appliesTo: readonly GroupResource[]
  /** A label that an item must carry (with any value) for the action to run. */
  readonly requiresLabel?: string
  /** Feature flag of the Velero server without which the action is left out. */
  readonly feature?: 'EnableCSI'
  /**
   * Whether the action of Velero passes this item through a Go struct. That adds `creationTimestamp: null`, so Velero never
   * finds the object equal to the one in the cluster. We never write the addition itself. But we keep that Velero calls
   * such objects different, since its warnings and lists say so (docs/velero-parity.md, "Item actions"). Never, if absent.
   * Source: the built-in actions in pkg/restore/actions.
   */
  convertsThroughStruct?(item: Manifest, spec: RestoreSpec): boolean
  /** Changes the item. Throws `ActionError` with Velero's words where Velero returns an error. Never mutates its input. */
  execute(input: ActionInput): ActionResult
  /** Items that must be restored before this one, named from the manifest as it was backed up. */
  additionalItems?(input: AdditionalItemsInput): AdditionalItems
}

/** The restore as actions see it. */
export interface RestoreView {
  namespace: string
  name: string
  uid: string
  spec: RestoreSpec
}

/** What one call of an action gets. */
export interface ActionInput {
  /** The item as the actions before left it; its namespace is still the backup's. */
  item: Manifest
  /** The item as it was backed up. */
  itemFromBackup: Manifest
  restore: RestoreView
  facts: ActionFacts
}

/** Facts about cluster and backup, gathered once per restore and the same for each retry. */
export interface ActionFacts {
  backup: Backup
  /** ConfigMaps in Velero's namespace labelled `velero.io/plugin-config` and `<action name>=RestoreItemAction`, by action name. */
  pluginConfigs: Record<string, Manifest[]>
  /** Names of the StorageClasses of the cluster. */
  storageClasses: string[]
  volumeSnapshotClasses: Manifest[]
  volumeGroupSnapshotClasses: Manifest[]
  /** PodVolumeBackups of this backup. */
  podVolumeBackups: Manifest[]
  /** First container image of Deployment `velero`, if there is one: the default image of the restore helper. */
  veleroImage?: string
  /** `<target namespace>/<name>` of claims that stood in the cluster before this restore began. */
  existingClaims: string[]
  /** ServiceAccounts per namespace, for the action on token Secrets; as of the start of the wave of Secrets. */
  serviceAccounts: Record<string, string[]>
  /** ConfigMaps with DataUploadResults that this restore's `velero.io/dataupload` action made. */
  dataUploadResults: Manifest[]
}

/** What became of the item in an action. */
export interface ActionResult {
  item: Manifest
  /** The item is not written and is listed as `skipped`. */
  skip?: boolean
  /** Objects to create beside the item, before it. Their names follow rule 6. */
  companions?: Companion[]
  /** The id of the asynchronous operation that the restore then waits for. */
  operationId?: string
}

/** An object that an action wants beside its item. */
export interface Companion {
  resource: ResourceRef
  manifest: Manifest
  /**
   * Several items may share the companion. Where it stands there already and is ours, the entries of its manifest's list
   * at this path that the live object lacks are appended to it.
   */
  appends?: readonly string[]
  /** Where it fails, the item fails with `<onError>: <API error>`; without it the failure is only logged. */
  onError?: string
  /** Patched into the status subresource once it is created. */
  status?: Record<string, unknown>
}

/** What the plan asks an action for. */
export interface AdditionalItemsInput {
  itemFromBackup: Manifest
  restore: RestoreView
  facts: ActionFacts
}

/** Items to restore before the parent. */
export interface AdditionalItems {
  items: ItemAddress[]
  /** They bypass resource and namespace excludes and `includeClusterResources: false` (v1.18.3, must-include-additional-items). */
  mustInclude?: boolean
}

/** An error of an action in Velero's words; the item fails with `error preparing <id>: <message>`. */
export class ActionError extends Error {
  override readonly name = 'ActionError'
}
