import { ApiError, isAlreadyExists, isConflict, isNotFound, refusalOf } from '../../core/port-errors.ts'
import { error, scopeOf, warning } from '../../core/items/outcome.ts'
import { troubleOf } from '../../core/items/item-trouble.ts'
import type { Message } from '../../core/items/outcome.ts'
import {
  isOurs,
  keepsEntries,
  looksOurs,
  modeFor,
  needsSecondWrite,
  planOwners,
} from '../../core/items/field-owners.ts'
import type { Posting } from '../../core/items/field-owners.ts'
import { withZeroReplicas } from '../../core/items/zero-replicas.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import { plannedKey } from '../../core/plan/plan.ts'
import { formatResourceId } from '../../velero/resource.ts'
import { isCancelRequested } from '../frame/run-activity.ts'
import { awaitCrd } from '../existing/await-crd.ts'
import { makeRoom } from '../existing/make-room.ts'
import { changeExisting } from './change-existing.ts'
import { objectRef, refusedFor } from './item-tools.ts'
import type { ItemTools, WriteInput, WriteResult, Written } from './item-tools.ts'

/**
 * Writes a prepared item: creates it, or does what is decided about an object that exists already. An object that an
 * earlier attempt of this restore created counts as created, and every later step still runs for it (rule 5).
 */
export async function writeItem(input: WriteInput, tools: ItemTools): Promise<Written> {
  const { prepared } = input
  const mode = modeFor(tools.managedFields, prepared.groupResource, prepared.object.metadata.name)
  const object = prepared.atZero === undefined ? prepared.object : withZeroReplicas(prepared.object)
  const ours = fieldManagerOf(tools.mark.uid)
  const posting = planOwners(object, mode, ours)
  const seen = await lookFirst(input, tools)
  const place: Place = seen === undefined ? await create(input, posting, tools) : { do: 'stands', live: seen }
  if (place.do === 'done') return place
  const entries = prepared.object.metadata.managedFields as ManagedFieldsEntry[] | undefined
  const { live } = place
  if (place.do === 'stands') {
    const isOwn = isOurs(live, tools.mark, { managedFields: entries, postedAs: posting.postedAs })
    if (!isOwn && !isRecreated(live, input, tools)) return changeOrRecreate(place, input, tools)
  }
  const patchOwners = needsSecondWrite(live, posting, { ours, written: entries })
  const created = { ...input, live, isFresh: place.do === 'created', patchOwners, entries }
  const { version, ...finished } = await finishUnlessCancelled(created, tools)
  return { do: 'done', action: 'created', live: withVersion(live, version), ...finished }
}

/**
 * An object is deleted only where its item has just been refused because of it, so under that policy the create comes first; so it
 * does in a preview, whose verdict is what the server says of the create.
 */
async function lookFirst(input: WriteInput, tools: ItemTools): Promise<Manifest | undefined> {
  if (tools.preview !== undefined || policyOf(input, tools) === 'recreate') return undefined
  return tools.firstLook.at(input.groupResource, objectRef(input))
}

/** What is at the place of an item: the object that was created there now, the one that stands there, or none: then how the item ended. */
type Place =
  | { do: 'created'; live: Manifest }
  | { do: 'stands'; live: Manifest; refusal?: ApiError }
  | Extract<Written, { do: 'done' }>

async function create(input: WriteInput, posting: Posting, tools: ItemTools): Promise<Place> {
  const { prepared, item, groupResource } = input
  try {
    const live = await tools.cluster.create(prepared.resource, item.target, posting.body, {
      fieldManager: posting.fieldManager,
      // The hooks and the volumes of a pod are read from what was created.
      answer: groupResource === 'pods' ? undefined : posting.patchOwners ? 'identity' : 'metadata',
    })
    return { do: 'created', live }
  } catch (thrown) {
    const refusal = refusalOf(thrown)
    // On a create it is about another object, such as the quota of the namespace: the same create may succeed.
    if (isConflict(refusal)) throw refusal
    const existing = await readExisting(refusal, input, tools)
    if (existing.do === 'refused') {
      const id = formatResourceId(groupResource, item.target, item.name)
      const lost = (await deletedFor(input, tools)) === undefined ? '' : ' (the object that stood there was deleted)'
      const messages = [error(scopeOf(item.target), `error restoring ${id}: ${refusal.message}${lost}`)]
      return { do: 'done', action: 'failed', messages, ...refusedFor(refusal) }
    }
    if (existing.do === 'unreadable') return { do: 'done', messages: [existing.message] }
    tools.firstLook.foundTaken(groupResource, objectRef(input))
    return { do: 'stands', live: existing.live, refusal }
  }
}

/** The object as it is known, with the resourceVersion that a later write gave it. */
function withVersion(live: Manifest, version: string | undefined): Manifest {
  return version === undefined ? live : { ...live, metadata: { ...live.metadata, resourceVersion: version } }
}

/**
 * Controllers may have changed the owners of its fields since this restore made it. Under the policy `recreate` that must not
 * make it pass for the object of others, which would be deleted.
 */
function isRecreated(live: Manifest, input: WriteInput, tools: ItemTools): boolean {
  const policy = policyOf(input, tools)
  return policy === 'recreate' && looksOurs(live, tools.mark)
}

/**
 * Does what is decided about an object of others. It is deleted only where its item has just been refused because it exists: then
 * the server has found nothing else wrong with the item. Once it is gone, an object that others have made meanwhile stays.
 */
async function changeOrRecreate(
  { live, refusal }: Extract<Place, { do: 'stands' }>,
  input: WriteInput,
  tools: ItemTools,
): Promise<Written> {
  const { item, groupResource } = input
  const policy = policyOf(input, tools)
  const changed = changeExisting(live, { ...input, policy, deleted: await deletedFor(input, tools) }, tools)
  if (changed.do !== 'recreate') return changed
  if (refusal === undefined) throw new Error('an object is deleted only after its item was refused because of it')
  const scope = scopeOf(item.target)
  const id = formatResourceId(groupResource, item.target, item.name)
  if (!isAlreadyExists(refusal) && !portsTaken(refusal, input)) {
    const messages = [error(scope, `error restoring ${id}: ${refusal.message}; the one that exists was not deleted`)]
    return { do: 'done', action: 'failed', messages, ...refusedFor(refusal) }
  }
  const problem = await makeRoom(live, input, tools)
  if (problem !== undefined) return { do: 'done', ...problem }
  return writeItem(input, tools)
}

/** The uid of the object that was deleted for an item, or was about to be; undefined without one. */
async function deletedFor(input: WriteInput, tools: ItemTools): Promise<string | undefined> {
  if (tools.preview !== undefined) return undefined
  if (policyOf(input, tools) !== 'recreate') return undefined
  return (await tools.recreated.about(plannedKey(input.groupResource, input.item)))?.object.uid
}

function policyOf({ prepared, item }: WriteInput, tools: ItemTools): string | undefined {
  return tools.policyFor({
    groupResource: prepared.groupResource,
    name: prepared.object.metadata.name,
    target: item.target,
  })
}

type Existing = { do: 'found'; live: Manifest } | { do: 'refused' } | { do: 'unreadable'; message: Message }

/** Reads the object that may be the reason of a refused create. Source: pkg/restore/restore.go isAlreadyExistsError. */
async function readExisting(refusal: ApiError, input: WriteInput, tools: ItemTools): Promise<Existing> {
  const exists = isAlreadyExists(refusal)
  if (!exists && isNotFound(refusal)) return { do: 'refused' }
  const scope = scopeOf(input.item.target)
  try {
    const live = await tools.cluster.get(objectRef(input))
    if (live !== undefined) return { do: 'found', live }
    if (!exists) return { do: 'refused' }
    return {
      do: 'unreadable',
      message: warning(scope, `${input.prepared.resource.resource} "${input.prepared.object.metadata.name}" not found`),
    }
  } catch (thrown) {
    const { message } = refusalOf(thrown)
    if (exists) return { do: 'unreadable', message: warning(scope, message) }
    if (!portsTaken(refusal, input)) return { do: 'refused' }
    const name = `${input.item.target}/${input.item.name}`
    return {
      do: 'unreadable',
      message: error(
        scope,
        `Unable to get the service ${name} while checking the NodePort is already allocated error: ${message}`,
      ),
    }
  }
}

/** The create of a Service that exists may be refused for its node ports first (issue 2308 of Velero). */
function portsTaken(refusal: ApiError, input: WriteInput): boolean {
  if (input.prepared.object.kind !== 'Service' || refusal.causes.length === 0) return false
  return refusal.causes.every((cause) => cause.message?.includes('provided port is already allocated') === true)
}

/** An object that this restore created, now or in an earlier attempt. */
interface CreatedItem extends WriteInput {
  live: Manifest
  /** It was created just now, so its owners are not those of the backup yet. */
  isFresh: boolean
  patchOwners: boolean
  entries: ManagedFieldsEntry[] | undefined
}

/** A created object is listed as created, also where the restore is cancelled before the last step for it. */
async function finishUnlessCancelled(created: CreatedItem, tools: ItemTools): Promise<Finished> {
  try {
    return await finishItem(created, tools)
  } catch (thrown) {
    if (!isCancelRequested(tools.attempt.signal)) throw thrown
    const { groupResource, item } = created
    const id = formatResourceId(groupResource, item.target, item.name)
    const text = `${id} was created; the restore was cancelled before the steps that follow`
    return { messages: [warning(scopeOf(item.target), text)], cut: true }
  }
}

/**
 * The steps after the create, each safe to run again: status, managed fields, readiness of a CRD. The next step runs
 * also after a message, except where Velero stops there. Source: pkg/restore/restore.go restoreItem, after the create.
 */
async function finishItem(created: CreatedItem, tools: ItemTools): Promise<Finished> {
  const { prepared, groupResource } = created
  const messages: Message[] = []
  let version: string | undefined
  if (prepared.status !== undefined && tools.restoresStatus(groupResource, prepared.object)) {
    const status = await restoreStatus(created, tools)
    messages.push(...status.messages)
    version = status.version
    if (status.refusedFor !== undefined) return { ...status, messages }
  }
  if (created.patchOwners) {
    const owners = await restoreOwners(created, tools)
    messages.push(...owners.messages)
    version = owners.version ?? version
    if (owners.messages.some((message) => message.severity === 'error')) return { ...owners, messages, version }
  }
  if (prepared.groupResource === 'customresourcedefinitions.apiextensions.k8s.io')
    messages.push(...(await awaitCrd(created, tools)))
  return { messages, version }
}

/** What the steps after a create came to. The object stands, so trouble here is told as a message of a created item. */
type Finished = Pick<WriteResult, 'messages' | 'refusedFor' | 'thrown' | 'cut'> & {
  /** The resourceVersion after the last of them that wrote. */
  version?: string | undefined
}

/** A step after the create that did not succeed. What may pass is for another try; a lost Lease is thrown on. */
function unfinished(thrown: unknown, message: (text: string) => Message): Finished {
  if (!(thrown instanceof ApiError)) throw thrown
  const kind = troubleOf(thrown)
  if (kind === 'worker') throw thrown
  const messages = [message(thrown.message)]
  return kind === 'refused' || isConflict(thrown) || isNotFound(thrown)
    ? { messages }
    : { messages, refusedFor: kind, thrown }
}

/** How often a status is tried against other writers; Velero's DefaultRetry. */
const statusTriesMax = 5

async function restoreStatus(created: CreatedItem, tools: ItemTools): Promise<Finished> {
  const { object, status } = created.prepared
  const { managedFields: _entries, ...metadata } = object.metadata
  let resourceVersion = created.live.metadata.resourceVersion
  for (let tries = 1; ; tries++) {
    const replaced = { ...object, metadata: { ...metadata, resourceVersion }, status }
    try {
      const fieldManager = fieldManagerOf(tools.mark.uid)
      const answer = await tools.cluster.replaceStatus(objectRef(created), replaced, {
        fieldManager,
        answer: 'identity',
      })
      return { messages: [], version: answer.metadata.resourceVersion }
    } catch (thrown) {
      if (!isConflict(thrown) || tries >= statusTriesMax)
        return unfinished(thrown, (text) => warning(scopeOf(created.item.target), text))
      resourceVersion = (await tools.cluster.get(objectRef(created)))?.metadata.resourceVersion
    }
  }
}

/** How often the owners are set anew because the object was made again meanwhile. */
const remadeMax = 5

/**
 * Sets managedFields to the backup's entries, on the very object that was created. If a controller has made the object
 * again meanwhile, the new one gets them, as in Velero; but not one with our labels, which would pass for ours (rule 5).
 */
async function restoreOwners(created: CreatedItem, tools: ItemTools, tries = 1): Promise<Finished> {
  const live = created.live.metadata.managedFields ?? []
  if (!created.isFresh && keepsEntries(live, created.entries)) return { messages: [] }
  const patch = { metadata: { uid: created.live.metadata.uid, managedFields: created.entries ?? null } }
  try {
    const fieldManager = fieldManagerOf(tools.mark.uid)
    const answer = await tools.cluster.patch(objectRef(created), patch, { fieldManager, answer: 'identity' })
    return { messages: [], version: answer.metadata.resourceVersion }
  } catch (thrown) {
    const standing =
      isOtherObject(thrown) && tries < remadeMax ? await tools.cluster.get(objectRef(created)) : undefined
    if (standing !== undefined && standing.metadata.uid !== created.live.metadata.uid) {
      if (looksOurs(standing, tools.mark)) return { messages: [] }
      return restoreOwners({ ...created, live: standing, isFresh: false }, tools, tries + 1)
    }
    const scope = scopeOf(created.item.target)
    return unfinished(thrown, (text) => (isNotFound(thrown) ? warning(scope, text) : error(scope, text)))
  }
}

/** The server's answers to a patch with the uid of an object that does not stand there any more. */
function isOtherObject(thrown: unknown): boolean {
  return thrown instanceof ApiError && (thrown.code === 409 || thrown.code === 422)
}
