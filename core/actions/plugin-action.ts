import type { Manifest } from '../../velero/manifest.ts'
import type { ItemAddress } from '../../velero/resource.ts'

/** A RestoreItemAction of a plugin, as a worker finds it. */
export interface PluginAction {
  /** The name that the plugin registers, such as `example.io/label`. */
  name: string
  /** The version of Velero's interface. Only the second one has operations and waits for additional items. */
  version: 1 | 2
}

/** To which items an action of a plugin applies, as the plugin answers. Empty lists and an empty text exclude nothing. */
export interface PluginSelector {
  includedNamespaces: readonly string[]
  excludedNamespaces: readonly string[]
  includedResources: readonly string[]
  excludedResources: readonly string[]
  /** A label selector as text, such as `app=web,tier in (a,b)`. */
  labels: string
}

/** What a plugin's action is given. The Restore is a whole object, as Velero gives it. */
export interface PluginInput {
  item: Manifest
  itemFromBackup: Manifest
  restore: object
}

/** What a plugin's action answers for one item. */
export interface PluginAnswer {
  /** The changed item, as the plugin sent it: it may be anything. */
  item: unknown
  /** The item is not restored. */
  skip: boolean
  /** The id of an operation that the plugin has begun; empty for none. */
  operationId: string
  additionalItems: readonly ItemAddress[]
  /** The plugin is asked whether the additional items are ready before this item is restored. */
  waits: boolean
  /** How long they are waited for; 0 for the time of `--resource-timeout`. */
  readySeconds: number
}

/** The progress of an operation of a plugin. Times are RFC 3339, absent for none. */
export interface PluginProgress {
  completed: boolean
  /** Why it failed; empty for none. */
  error: string
  nCompleted: number
  nTotal: number
  units: string
  description: string
  started?: string
  updated?: string
}
