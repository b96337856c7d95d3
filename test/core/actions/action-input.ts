import { builtInActions } from '../../../core/actions/built-in.ts'
import type {
  ActionFacts,
  ActionInput,
  ActionResult,
  AdditionalItems,
  ItemAction,
} from '../../../core/actions/action.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'

export const restoreUid = '11111111-2222-3333-4444-555555555555'

/** Facts of an empty cluster and a plain backup. */
export function someFacts(facts: Partial<ActionFacts> = {}): ActionFacts {
  return {
    backup: aBackup({}),
    pluginConfigs: {},
    storageClasses: [],
    volumeSnapshotClasses: [],
    volumeGroupSnapshotClasses: [],
    podVolumeBackups: [],
    existingClaims: [],
    serviceAccounts: {},
    dataUploadResults: [],
    ...facts,
  }
}

export function aBackup(spec: ActionFacts['backup']['spec']): ActionFacts['backup'] {
  const metadata = { name: 'b2', namespace: 'velero' }
  return { apiVersion: 'velero.io/v1', kind: 'Backup', metadata, spec: { storageLocation: 'default', ...spec } }
}

/** A ConfigMap with settings of an action. */
export function aConfig(data: Record<string, string>, name = 'config'): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'velero' }, data }
}

interface Given {
  itemFromBackup?: Manifest
  spec?: RestoreSpec
  facts?: Partial<ActionFacts>
}

export function anInput(item: Manifest, { itemFromBackup = item, spec = {}, facts = {} }: Given = {}): ActionInput {
  const restore = { namespace: 'velero', name: 'r', uid: restoreUid, spec: { backupName: 'b2', ...spec } }
  return { item, itemFromBackup, restore, facts: someFacts(facts) }
}

export function actionNamed(name: string): ItemAction {
  return builtInActions.find((action) => action.name === name)!
}

/** What one action does to an item. */
export function execute(name: string, item: Manifest, given: Given = {}): ActionResult {
  return actionNamed(name).execute(anInput(item, given))
}

/** What one action pulls in. */
export function pullIn(name: string, item: Manifest, given: Given = {}): AdditionalItems {
  return actionNamed(name).additionalItems?.(anInput(item, given)) ?? { items: [] }
}

export function aPod(spec: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): Manifest {
  const containers = [{ name: 'c', image: 'i' }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'demo', ...metadata },
    spec: { containers, ...spec },
  }
}
