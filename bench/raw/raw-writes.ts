import { activeActions } from '../../core/actions/built-in.ts'
import type { ActionFacts } from '../../core/actions/action.ts'
import { modeFor, planOwners } from '../../core/items/field-owners.ts'
import type { ManagedFieldsMode } from '../../core/items/field-owners.ts'
import { restoreLabels } from '../../core/items/item-manifest.ts'
import { prepareItem } from '../../core/items/prepare-item.ts'
import type { ItemRules, Preparation } from '../../core/items/prepare-item.ts'
import { makeMergePatch } from '../../core/modifiers/merge-patch.ts'
import { stringifyJson } from '../../core/values/manifest-json.ts'
import { collectionPath, objectPath } from '../../infra/cluster/objects.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { someFacts } from '../../test/core/actions/action-input.ts'
import type { BackedUp } from '../backups/backup-folder.ts'

/** One request of the load generator. `{uid}` in its body is that of the answer before it. */
export interface RawCall {
  method: 'POST' | 'PATCH'
  path: string
  body?: string
}

/** The requests about one object, in their order. */
export type RawWrite = readonly RawCall[]

/** What the load generator does: what a restore writes, or the objects that exist before one. */
export type RawTask = { do: 'restore'; mode: ManagedFieldsMode; exists: boolean } | { do: 'prepare' }

type Prepared = Extract<Preparation, { do: 'write' }>

const restoreUid = '00000000-0000-0000-0000-000000000000'
const ours = fieldManagerOf(restoreUid)

/** Prepares items as a restore does: with the same code, so that the bodies are the same. */
export function makePreparer(backup: string): (item: BackedUp) => Prepared | undefined {
  const spec = { backupName: backup }
  const rules: ItemRules = {
    restore: { namespace: 'velero', name: 'raw', uid: restoreUid, spec },
    labels: restoreLabels({ name: 'raw', backupName: backup }),
    actions: activeActions([]),
    facts: someFacts({ backup: backupNamed(backup) }),
    volumes: { infos: {}, snapshots: [], csiSnapshots: [], podVolumeBackups: [], movedClaims: [] },
    provisioned: new Set(),
    modify: (item) => ({ item, errors: [] }),
    pluralOf: () => undefined,
  }
  return ([groupResource, item]) => {
    const prepared = prepareItem({ item, groupResource, targetNamespace: item.metadata.namespace }, rules)
    return prepared.do === 'write' ? prepared : undefined
  }
}

/** The requests for one prepared object. */
export function rawWrite(prepared: Prepared, task: RawTask): RawWrite {
  if (task.do === 'prepare') return [createCall(prepared, planOwners(changed(prepared.object), 'owners', ours))]
  const mode = modeFor(task.mode, prepared.groupResource, prepared.object.metadata.name)
  const posting = planOwners(prepared.object, mode, ours)
  if (task.exists) return [changeCall(prepared)]
  const create = createCall(prepared, posting)
  if (!posting.patchOwners) return [create]
  const { managedFields } = prepared.object.metadata
  return [create, patchCall(prepared, { metadata: { uid: '{uid}', managedFields: managedFields ?? null } })]
}

/** Over an object that exists, in both modes alike. Each of those objects is known here without a read. */
function changeCall(prepared: Prepared): RawCall {
  const { managedFields: _fields, ...metadata } = prepared.object.metadata
  const standing = changed({ ...prepared.object, metadata })
  return patchCall(prepared, makeMergePatch(standing, prepared.object) ?? {})
}

function createCall(prepared: Prepared, posting: { body: Manifest; fieldManager: string }): RawCall {
  const path = collectionPath(prepared.resource, prepared.object.metadata.namespace)
  return { method: 'POST', path: path + query(posting.fieldManager), body: stringifyJson(posting.body) }
}

function patchCall(prepared: Prepared, patch: object): RawCall {
  return { method: 'PATCH', path: pathOf(prepared) + query(ours), body: stringifyJson(patch) }
}

function pathOf({ resource, object: { metadata } }: Prepared): string {
  const { namespace, name } = metadata
  return objectPath({ ...resource, name, ...(namespace === undefined ? {} : { namespace }) })
}

const query = (fieldManager: string) => `?fieldManager=${encodeURIComponent(fieldManager)}&timeout=10s`

/** The object as it stood before the restore: other data, no labels of a restore. */
function changed(object: Manifest): Manifest {
  const data = Object.keys((object['data'] ?? {}) as object).map((key) => [key, 'Y2hhbmdlZA=='] as const)
  const labels = Object.entries(object.metadata.labels ?? {}).filter(([name]) => !name.startsWith('velero.io/'))
  const metadata = { ...object.metadata, labels: Object.fromEntries(labels) }
  return { ...object, metadata, ...(data.length === 0 ? {} : { data: Object.fromEntries(data) }) }
}

function backupNamed(name: string): ActionFacts['backup'] {
  const metadata = { name, namespace: 'velero' }
  return { apiVersion: 'velero.io/v1', kind: 'Backup', metadata, spec: {} } as ActionFacts['backup']
}
