import { mustIncludeAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatGroupResource, formatResourceId, parseApiVersion, parseGroupResource } from '../../velero/resource.ts'
import type { GroupResource, ResourceRef } from '../../velero/resource.ts'
import { ActionError } from '../actions/action.ts'
import type { ActionFacts, Companion, ItemAction, RestoreView } from '../actions/action.ts'
import { resetMetadataAndStatus, withLabels } from './item-metadata.ts'
import { error, scopeOf } from './outcome.ts'
import type { Message } from './outcome.ts'
import { skipReason } from './skip-rules.ts'
import { rebindVolume, unbindClaim, volumeFate } from './volume-fate.ts'
import type { VolumeFacts } from './volume-fate.ts'

/** One item on its way. */
export interface ItemInput {
  item: Manifest
  groupResource: GroupResource
  /** Undefined for cluster-scoped items. */
  targetNamespace: string | undefined
}

/** What holds for every item of a restore. */
export interface ItemRules {
  restore: RestoreView
  /** The labels of `restoreLabels`. */
  labels: Record<string, string>
  actions: readonly ItemAction[]
  facts: ActionFacts
  volumes: VolumeFacts
  /** Names of the PersistentVolumes that get provisioned anew. */
  provisioned: ReadonlySet<string>
  /** Resource modifiers; they never stop an item. */
  modify: (item: Manifest, groupResource: GroupResource) => { item: Manifest; errors: readonly string[] }
  /** The plural of a kind that an action changed. */
  pluralOf: (apiVersion: string, kind: string) => string | undefined
}

/** What to do with an item, before looking at the cluster. */
export type Preparation =
  | { do: 'omit'; because: string }
  | {
      do: 'skip'
      because: string
      companions: readonly Companion[]
      operation?: BegunOperation
      messages: readonly Message[]
    }
  | { do: 'fail'; messages: readonly Message[]; recorded: boolean }
  | {
      do: 'write'
      object: Manifest
      resource: ResourceRef
      groupResource: GroupResource
      status: unknown
      companions: readonly Companion[]
      operation?: BegunOperation
      messages: readonly Message[]
      /** Velero would never find it equal to what stands there (see `ItemAction.convertsThroughStruct`). */
      neverEqual: boolean
    }

/** An asynchronous operation that an action began for the item. */
export interface BegunOperation {
  action: string
  operationId: string
}

/**
 * Makes of a backed-up item the object to write. The steps and their order are Velero's: skip rules, the fate of
 * volumes, reset of metadata, item actions, claims unbound, modifiers, target namespace, restore labels.
 * Order matters: modifiers see the backup's namespace, and claims are unbound after the actions. It reads nothing.
 */
export function prepareItem(input: ItemInput, rules: ItemRules): Preparation {
  const { item, groupResource, targetNamespace } = input
  const id = formatResourceId(groupResource, targetNamespace, item.metadata?.name ?? '')
  const scope = scopeOf(targetNamespace)
  const fail = (text: string, recorded = true): Preparation => ({
    do: 'fail',
    messages: [error(scope, text)],
    recorded,
  })

  const reason = skipReason(item, groupResource)
  if (reason?.do === 'omit') return reason
  if (reason?.do === 'skip') return { ...reason, companions: [], messages: [] }
  if (reason?.do === 'fail') return fail(`error checking completion of "${id}": ${reason.because}`, false)

  const volume = groupResource === 'persistentvolumes' ? prepareVolume(item, rules) : { do: 'go' as const, item }
  if (volume.do === 'skip') return { do: 'skip', because: volume.because, companions: [], messages: [] }
  if (volume.do === 'fail') return fail(volume.text)

  const reset = resetMetadataAndStatus(volume.item)
  if (reset === undefined) return fail('metadata not found')
  const acted = runActions(reset, input, rules)
  if (acted.do === 'fail') return fail(preparationError(id, acted.text))
  const { companions, operation } = acted
  if (acted.do === 'skip') {
    return {
      do: 'skip',
      because: `${acted.by} discarded it`,
      companions,
      ...(operation ? { operation } : {}),
      messages: [],
    }
  }

  const claimed = groupResource === 'persistentvolumeclaims' ? unbindClaim(acted.item, rules.provisioned) : acted.item
  const modified = rules.modify(claimed, groupResource)
  const placed = targetNamespace === undefined ? modified.item : inNamespace(modified.item, targetNamespace)
  const object = withLabels(placed, rules.labels)
  const target = targetResource(object, item, groupResource, rules)
  if (target === undefined)
    return fail(`error getting GVR for ${formatGvk(object)}: no match for kind "${object.kind}"`)
  return {
    do: 'write',
    object,
    resource: target,
    groupResource: formatGroupResource(target.resource, target.group),
    status: item['status'],
    companions,
    ...(operation ? { operation } : {}),
    messages: modified.errors.map((text) => error(scope, text)),
    neverEqual: acted.converted,
  }
}

/** An action's error as Velero's users know it: its actions run in a plugin, so gRPC's words stand before the action's own. */
export function preparationError(id: string, text: string): string {
  return `error preparing ${id}: rpc error: code = Unknown desc = ${text}`
}

type PreparedVolume = { do: 'go'; item: Manifest } | { do: 'skip'; because: string } | { do: 'fail'; text: string }

function prepareVolume(pv: Manifest, rules: ItemRules): PreparedVolume {
  const fate = volumeFate(pv, rules.volumes)
  switch (fate.do) {
    case 'provision':
      return { do: 'skip', because: fate.because }
    case 'keep':
      return { do: 'go', item: rebindVolume(pv, rules.restore.spec.namespaceMapping) }
    case 'snapshot':
      if (rules.restore.spec.restorePVs === false)
        return { do: 'go', item: rebindVolume(pv, rules.restore.spec.namespaceMapping) }
      return {
        do: 'fail',
        text:
          `error executing PVAction for persistentvolumes/${pv.metadata.name}: it has a native snapshot, and the ` +
          'volume snapshotter plugin that could make a volume of it is not hosted yet; set restorePVs to false to restore the object alone',
      }
  }
}

type Acted =
  | { do: 'go'; item: Manifest; companions: Companion[]; operation?: BegunOperation; converted: boolean }
  | { do: 'skip'; by: string; companions: Companion[]; operation?: BegunOperation }
  | { do: 'fail'; text: string }

function runActions(reset: Manifest, input: ItemInput, rules: ItemRules): Acted {
  const companions: Companion[] = []
  let operation: BegunOperation | undefined
  let item = reset
  let converted = false
  for (const action of rules.actions) {
    if (!action.appliesTo.includes(input.groupResource)) continue
    if (action.requiresLabel !== undefined && !(action.requiresLabel in (item.metadata.labels ?? {}))) continue
    try {
      const result = action.execute({ item, itemFromBackup: input.item, restore: rules.restore, facts: rules.facts })
      converted ||= action.convertsThroughStruct?.(item, rules.restore.spec) === true
      companions.push(...(result.companions ?? []))
      if (result.operationId !== undefined) operation = { action: action.name, operationId: result.operationId }
      if (result.skip === true) return { do: 'skip', by: action.name, companions, ...(operation ? { operation } : {}) }
      item = withoutMark(result.item)
    } catch (thrown) {
      if (thrown instanceof ActionError) return { do: 'fail', text: thrown.message }
      return {
        do: 'fail',
        text: `${action.name} cannot handle this item: ${thrown instanceof TypeError ? 'a field has an unexpected type' : 'internal error'}`,
      }
    }
  }
  return { do: 'go', item, companions, ...(operation ? { operation } : {}), converted }
}

/** The annotation is a word between an action and the plan; it is taken off after each action, whatever its value. */
function withoutMark(item: Manifest): Manifest {
  const { annotations } = item.metadata
  if (annotations === undefined || !Object.hasOwn(annotations, mustIncludeAnnotation)) return item
  const { [mustIncludeAnnotation]: _mark, ...kept } = annotations
  return { ...item, metadata: { ...item.metadata, annotations: kept } }
}

function inNamespace(item: Manifest, namespace: string): Manifest {
  return item.metadata.namespace === namespace ? item : { ...item, metadata: { ...item.metadata, namespace } }
}

function targetResource(
  object: Manifest,
  original: Manifest,
  groupResource: GroupResource,
  rules: ItemRules,
): ResourceRef | undefined {
  const { group, version } = parseApiVersion(object.apiVersion)
  const { resource } = parseGroupResource(groupResource)
  if (object.kind === original.kind) return { group, version, resource }
  const plural = rules.pluralOf(object.apiVersion, object.kind)
  return plural === undefined ? undefined : { group, version, resource: plural }
}

function formatGvk(object: Manifest): string {
  return `${object.apiVersion}, Kind=${object.kind}`
}
