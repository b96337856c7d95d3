import { ApiError, isConflict, isNotFound } from '../../core/port-errors.ts'
import { sameEntries } from '../../core/items/field-owners.ts'
import { error, scopeOf, warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import { awaitCrd } from './await-crd.ts'
import { objectRef } from '../frame/object-ref.ts'
import type { ItemTools, WriteInput } from './write-item.ts'

/** An object that this restore created, now or in an earlier attempt. */
export interface FinishInput extends WriteInput {
  live: Manifest
  patchOwners: boolean
  entries: ManagedFieldsEntry[] | undefined
}

/** How often a status is tried against other writers; Velero's DefaultRetry. */
const statusTriesMax = 5

/**
 * The steps after the create, each safe to run again: status, managed fields, readiness of a CRD. A message of one
 * does not hide the next but for what Velero ends there. Source: pkg/restore/restore.go restoreItem, after the create.
 */
export async function finishItem(input: FinishInput, tools: ItemTools): Promise<Message[]> {
  const messages: Message[] = []
  if (input.prepared.status !== undefined && tools.restoresStatus(input.groupResource, input.prepared.object)) {
    messages.push(...(await restoreStatus(input, tools)))
  }
  if (input.patchOwners) {
    const owners = await restoreOwners(input, tools)
    messages.push(...owners)
    if (owners.some((message) => message.severity === 'error')) return messages
  }
  if (input.prepared.groupResource === 'customresourcedefinitions.apiextensions.k8s.io')
    messages.push(...(await awaitCrd(input, tools)))
  return messages
}

async function restoreStatus(input: FinishInput, tools: ItemTools): Promise<Message[]> {
  const { managedFields: _entries, ...metadata } = input.prepared.object.metadata
  let resourceVersion = input.live.metadata.resourceVersion
  for (let tries = 1; ; tries++) {
    const object = {
      ...input.prepared.object,
      metadata: { ...metadata, resourceVersion },
      status: input.prepared.status,
    }
    try {
      await tools.cluster.replaceStatus(objectRef(input), object, { fieldManager: fieldManagerOf(tools.mark.uid) })
      return []
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || tools.isTransient(thrown)) throw thrown
      if (!isConflict(thrown) || tries >= statusTriesMax) return [warning(scopeOf(input.item.target), thrown.message)]
      resourceVersion = (await tools.cluster.get(objectRef(input)))?.metadata.resourceVersion
    }
  }
}

/** Sets managedFields to the backup's entries, on the very object that was created. */
async function restoreOwners(input: FinishInput, tools: ItemTools): Promise<Message[]> {
  const live = input.live.metadata.managedFields ?? []
  if (input.entries !== undefined && sameEntries(live, input.entries)) return []
  const patch = { metadata: { uid: input.live.metadata.uid, managedFields: input.entries ?? null } }
  try {
    await tools.cluster.patch(objectRef(input), 'merge', patch, { fieldManager: fieldManagerOf(tools.mark.uid) })
    return []
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || tools.isTransient(thrown)) throw thrown
    const scope = scopeOf(input.item.target)
    return [isNotFound(thrown) ? warning(scope, thrown.message) : error(scope, thrown.message)]
  }
}
