import type { ActionFacts, ItemAction } from '../../../core/actions/action.ts'
import type { ItemRules } from '../../../core/items/prepare-item.ts'
import { restoreLabels } from '../../../core/items/item-manifest.ts'
import type { VolumeFacts } from '../../../core/items/volume-fate.ts'
import type { Manifest, Metadata } from '../../../velero/manifest.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'
import { someFacts } from '../actions/action-input.ts'

/** Any object: `anObject('Pod', 'web', { labels: … }, { spec: … })`. */
export function anObject(kind: string, name: string, metadata: Partial<Metadata> = {}, fields: object = {}): Manifest {
  return { apiVersion: 'v1', kind, metadata: { name, ...metadata }, ...fields }
}

/** The labels of the restore that these tests run. */
export const labels = restoreLabels({ name: 'again', backupName: 'shop' })

/** Facts of a cluster and a backup that hold nothing. */
export const noFacts: ActionFacts = someFacts({
  backup: { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name: 'shop' }, spec: {} } as ActionFacts['backup'],
})

/** Volume facts of a backup without volumes. */
export const noVolumes: VolumeFacts = {
  infos: {},
  snapshots: [],
  csiSnapshots: [],
  podVolumeBackups: [],
  movedClaims: [],
}

/** Rules for a plain restore, with what a test wants in place of it. */
export function rulesWith(options: Partial<ItemRules> & { spec?: RestoreSpec } = {}): ItemRules {
  const { spec = { backupName: 'shop' }, ...rest } = options
  return {
    restore: { namespace: 'velero', name: 'again', uid: 'uid-1', spec },
    labels,
    actions: [],
    facts: noFacts,
    volumes: noVolumes,
    provisioned: new Set(),
    modify: (item) => ({ item, errors: [] }),
    pluralOf: () => undefined,
    ...rest,
  }
}

/** An action made of a function. */
export function anAction(execute: ItemAction['execute'], options: Partial<ItemAction> = {}): ItemAction {
  return { name: 'test/action', appliesTo: ['configmaps'], execute, ...options }
}
