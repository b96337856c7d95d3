import { ApiError, isAlreadyExists, isConflict, isNotFound } from '../../core/port-errors.ts'
import { decideExisting } from '../../core/items/decide-existing.ts'
import type { ExistingDecision } from '../../core/items/decide-existing.ts'
import { isOurs, modeFor, planOwners } from '../../core/items/field-owners.ts'
import type { ManagedFieldsMode, RestoreMark } from '../../core/items/field-owners.ts'
import { error, scopeOf, warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import type { ItemRules, Preparation } from '../../core/items/prepare-item.ts'
import { formatResourceId } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import type { ItemAction } from '../../velero/results.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { finishItem } from './finish-item.ts'
import { objectRef } from '../frame/object-ref.ts'
import type { Cluster, Log } from '../ports.ts'
import type { BeginPodVolumes } from '../volumes/begin-pod-volumes.ts'

/** What the restoring of items needs, the same for all items of a chunk. */
export interface ItemTools {
  cluster: Cluster
  log: Log
  rules: ItemRules
  mark: RestoreMark & { labels: Record<string, string> }
  managedFields: ManagedFieldsMode
  /** `spec.existingResourcePolicy`. */
  policy: string | undefined
  /** Whether status of such an item is restored. */
  restoresStatus: (groupResource: GroupResource, object: Manifest) => boolean
  readItem: (groupResource: GroupResource, item: PlannedItem) => Promise<string>
  beginPodVolumes: BeginPodVolumes
  resourceTimeoutSeconds: number
  /** Throws where the attempt should end. */
  throwIfStopped: () => void
  sleep: (ms: number) => Promise<void>
  isTransient: (thrown: unknown) => boolean
  now: () => string
}

/** A prepared item. */
export interface WriteInput {
  prepared: Extract<Preparation, { do: 'write' }>
  original: Manifest
  item: PlannedItem
  groupResource: GroupResource
}

/** What came of writing it. Without an action Velero derives one from the messages. */
export type Written =
  | { do: 'done'; action?: ItemAction; messages: readonly Message[]; live?: Manifest }
  | {
      do: 'patch'
      action: ItemAction
      apply: () => Promise<{ action: ItemAction; messages: readonly Message[]; live?: Manifest }>
    }

/**
 * Writes a prepared item: a create, or what is decided about an object that stands there. An object that an earlier
 * attempt of this restore created counts as created, and every later step still runs for it (rule 5).
 */
export async function writeItem(input: WriteInput, tools: ItemTools): Promise<Written> {
  const { prepared, item, groupResource } = input
  const scope = scopeOf(item.target)
  const id = formatResourceId(groupResource, item.target, item.name)
  const mode = modeFor(tools.managedFields, prepared.groupResource, prepared.object.metadata.name)
  const entries = prepared.object.metadata.managedFields
  const posting = planOwners(prepared.object, mode, fieldManagerOf(tools.mark.uid))
  let live: Manifest | undefined
  try {
    live = await tools.cluster.create(prepared.resource, item.target, posting.body, {
      fieldManager: posting.fieldManager,
    })
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || tools.isTransient(thrown)) throw thrown
    const standing = await readStanding(thrown, input, tools)
    if (standing.do === 'refused')
      return { do: 'done', action: 'failed', messages: [error(scope, `error restoring ${id}: ${thrown.message}`)] }
    if (standing.do === 'unreadable') return { do: 'done', messages: [standing.message] }
    if (!isOurs(standing.live, tools.mark, { managedFields: entries, postedAs: posting.postedAs })) {
      return changeExisting(standing.live, input, tools)
    }
    live = standing.live
  }
  const messages = await finishItem(
    { ...input, live, patchOwners: posting.patchOwners, entries: entries as ManagedFieldsEntry[] | undefined },
    tools,
  )
  return { do: 'done', action: 'created', messages, live }
}

type Standing = { do: 'found'; live: Manifest } | { do: 'refused' } | { do: 'unreadable'; message: Message }

/** Reads the object that a refused create may have met. Source: pkg/restore/restore.go isAlreadyExistsError. */
async function readStanding(refusal: ApiError, input: WriteInput, tools: ItemTools): Promise<Standing> {
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
    if (!(thrown instanceof ApiError) || tools.isTransient(thrown)) throw thrown
    if (!exists && !portsTaken(refusal, input)) return { do: 'refused' }
    if (exists) return { do: 'unreadable', message: warning(scope, thrown.message) }
    const name = `${input.item.target}/${input.item.name}`
    return {
      do: 'unreadable',
      message: error(
        scope,
        `Unable to get the service ${name} while checking the NodePort is already allocated error: ${thrown.message}`,
      ),
    }
  }
}

/** A Service that is there already may be refused for its node ports first (issue 2308 of Velero). */
function portsTaken(refusal: ApiError, input: WriteInput): boolean {
  if (input.prepared.object.kind !== 'Service' || refusal.causes.length === 0) return false
  return refusal.causes.every((cause) => cause.message?.includes('provided port is already allocated') === true)
}

function changeExisting(live: Manifest, input: WriteInput, tools: ItemTools): Written {
  const { prepared, item } = input
  const decide = (seen: Manifest) =>
    decideExisting({
      live: seen,
      object: prepared.object,
      groupResource: prepared.groupResource,
      targetNamespace: item.target,
      policy: tools.policy,
      labels: tools.rules.labels,
      neverEqual: prepared.neverEqual,
    })
  const decision = decide(live)
  if (decision.do === 'leave') return { do: 'done', action: decision.action, messages: decision.messages }
  return { do: 'patch', action: decision.action, apply: () => applyPatch(live, decision, decide, input, tools) }
}

/** How often a patch is decided anew because someone else wrote in between. */
const conflictsMax = 5

async function applyPatch(
  first: Manifest,
  decided: Extract<ExistingDecision, { do: 'patch' }>,
  decide: (seen: Manifest) => ExistingDecision,
  input: WriteInput,
  tools: ItemTools,
): Promise<{ action: ItemAction; messages: readonly Message[]; live?: Manifest }> {
  const scope = scopeOf(input.item.target)
  let live = first
  let decision: ExistingDecision = decided
  for (let tries = 1; decision.do === 'patch'; tries++) {
    try {
      return { action: decision.action, messages: [], live: await patchLive(live, decision.patch, input, tools) }
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || tools.isTransient(thrown)) throw thrown
      if (isConflict(thrown) && tries < conflictsMax) {
        const now = await tools.cluster.get(objectRef(input))
        if (now !== undefined) {
          live = now
          decision = decide(now)
          continue
        }
      }
      const refusal = decision.refusalIsError ? error(scope, thrown.message) : warning(scope, thrown.message)
      const relabelled = decision.relabel === undefined ? [] : await relabel(live, decision.relabel, input, tools)
      return { action: 'failed', messages: [refusal, ...relabelled] }
    }
  }
  return { action: decision.action, messages: decision.messages, live }
}

async function relabel(
  live: Manifest,
  patch: Record<string, unknown>,
  input: WriteInput,
  tools: ItemTools,
): Promise<Message[]> {
  try {
    await patchLive(live, patch, input, tools)
    return []
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || tools.isTransient(thrown)) throw thrown
    return [error(scopeOf(input.item.target), thrown.message)]
  }
}

function patchLive(
  live: Manifest,
  patch: Record<string, unknown>,
  input: WriteInput,
  tools: ItemTools,
): Promise<Manifest> {
  const guarded = {
    ...patch,
    metadata: {
      ...(patch['metadata'] as object | undefined),
      uid: live.metadata.uid,
      resourceVersion: live.metadata.resourceVersion,
    },
  }
  return tools.cluster.patch(objectRef(input), 'merge', guarded, { fieldManager: fieldManagerOf(tools.mark.uid) })
}
