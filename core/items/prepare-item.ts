import type { Manifest } from '../../velero/manifest.ts'
import { formatGroupResource, formatResourceId, parseApiVersion, parseGroupResource } from '../../velero/resource.ts'
import type { GroupResource, ResourceRef } from '../../velero/resource.ts'
import { ActionError } from '../actions/action.ts'
import type { ActionFacts, Companion, ItemAction, RestoreView } from '../actions/action.ts'
import { runPlugins, withoutMustInclude } from '../actions/run-plugins.ts'
import type { Asked } from '../asked/annotations.ts'
import { isolated } from '../asked/isolate.ts'
import type { PluginReply, PluginRule } from '../actions/run-plugins.ts'
import { generatedName } from '../values/derived-names.ts'
import { endedJob, hasReadableLabels, resetMetadataAndStatus, skipReason, withLabels } from './item-manifest.ts'
import { error, itemKey, scopeOf, warning } from './outcome.ts'
import type { AtZero, Message } from './outcome.ts'
import { decideZero, hasRestoreHooks, whyPodWaits } from './zero-replicas.ts'
import type { IsPlanned } from './zero-replicas.ts'
import { rebindVolume, unbindClaim, volumeFate } from './volume-fate.ts'
import type { VolumeFacts } from './volume-fate.ts'

/** The item to restore. */
export interface ItemInput {
  item: Manifest
  groupResource: GroupResource
  /** Undefined for cluster-scoped items. */
  targetNamespace: string | undefined
  /** What a PV with a native snapshot has become, with its volume, or why it has none. */
  native?: { item: Manifest } | { problem: string }
  /** The other name that the PV of a claim has got. */
  volumeName?: string
  /** What plugins have answered so far, by the names of their actions. */
  replies?: ReadonlyMap<string, PluginReply>
}

/** What is the same for all items of a restore. */
export interface ItemRules {
  restore: RestoreView
  /** The labels of `restoreLabels`. */
  labels: Record<string, string>
  actions: readonly ItemAction[]
  /** The actions of plugins, which run after the built-in ones. */
  plugins?: readonly PluginRule[]
  facts: ActionFacts
  volumes: VolumeFacts
  /** Names of the PersistentVolumes that are not restored because their claims get new volumes. */
  provisioned: ReadonlySet<string>
  /** What becomes of Jobs that had finished or failed; absent for what Velero does. */
  endedJobs?: Asked['endedJobs']
  /** Takes nothing from outside of the target namespaces. */
  isolate?: boolean
  /** Workloads are created with zero replicas; absent for what Velero does. */
  zeroReplicas?: { isPlanned: IsPlanned }
  /** Applies the resource modifiers. The item is restored also if they have errors. */
  modify: (item: Manifest, groupResource: GroupResource) => { item: Manifest; errors: readonly string[] }
  /**
   * The plural of a kind in the cluster; undefined if it is unknown. Needed if an action or a modifier changed the
   * kind.
   */
  pluralOf: (apiVersion: string, kind: string) => string | undefined
}

/** What to do with an item, decided without the object in the cluster. */
export type Preparation =
  | { do: 'omit'; because: string }
  /** A plugin is to be asked about the item as it is then; with its reply the item is prepared again. */
  | { do: 'ask'; action: string; item: Manifest }
  | {
      do: 'skip'
      because: string
      companions: readonly Companion[]
      operation?: BegunOperation
      /** Operations that plugins began. */
      pluginOperations?: readonly BegunOperation[]
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
      /** Operations that plugins began. */
      pluginOperations?: readonly BegunOperation[]
      messages: readonly Message[]
      /** Velero calls it different from any existing object (see `ItemAction.convertsThroughStruct`). */
      neverEqual: boolean
      /** What the log says about the item, where Velero says nothing. */
      remark?: string
      /** It is created with zero replicas; one that stands already is compared and changed as `object` says. */
      atZero?: AtZero
    }

/** An asynchronous operation that an action began for the item. */
export interface BegunOperation {
  action: string
  operationId: string
}

/**
 * Makes the object to write from an item of the backup. The steps have Velero's order: skip rules, the decision about a
 * PersistentVolume, reset of metadata, item actions, unbinding of claims, modifiers, target namespace, restore labels.
 * The order matters: modifiers see the namespace of the backup, and claims are unbound after the actions.
 */
export function prepareItem(input: ItemInput, rules: ItemRules): Preparation {
  const asked = rules.endedJobs === undefined && rules.isolate !== true ? undefined : prepareAsAsked(input, rules)
  if (asked !== undefined) return asked
  const { item, groupResource, targetNamespace } = input
  const id = formatResourceId(groupResource, targetNamespace, item.metadata?.name ?? '')
  const scope = scopeOf(targetNamespace)
  const fail = (text: string, recorded = true): Preparation => ({
    do: 'fail',
    messages: [error(scope, text)],
    recorded,
  })

  const plural = rules.pluralOf(item.apiVersion, item.kind)
  if (plural !== undefined && plural !== parseGroupResource(groupResource).resource)
    return fail(`error restoring ${id}: its kind ${item.kind} is one of ${plural}, not of its folder`, false)

  const reason = skipReason(item, groupResource)
  if (reason?.do === 'omit') return reason
  if (reason?.do === 'skip') return { ...reason, companions: [], messages: [] }
  if (reason?.do === 'fail') return fail(`error checking completion of "${id}": ${reason.because}`, false)

  const waiting = leftOut(input, rules)
  if (waiting !== undefined) return waiting

  const volume = groupResource === 'persistentvolumes' ? prepareVolume(input, rules) : { do: 'go' as const, item }
  if (volume.do === 'skip') return { do: 'skip', because: volume.because, companions: [], messages: [] }
  if (volume.do === 'fail') return fail(volume.text)

  const reset = resetMetadataAndStatus(volume.item)
  if (reset === undefined) return fail('metadata not found')
  const acted = runActions(reset, input, rules)
  if (acted.do === 'fail') return fail(preparationError(id, acted.text))
  const { companions, operation } = acted
  const begun = { companions, ...(operation ? { operation } : {}) }
  if (acted.do === 'skip') return { do: 'skip', because: `${acted.by} discarded it`, ...begun, messages: [] }
  const replies = input.replies ?? new Map<string, PluginReply>()
  const plugged = runPlugins(acted.item, { groupResource, targetNamespace, replies }, rules.plugins ?? [])
  if (plugged.do === 'ask') return plugged
  if (plugged.do === 'fail') return fail(`error preparing ${id}: ${plugged.text}`)
  const allBegun = plugged.operations.length > 0 ? { ...begun, pluginOperations: plugged.operations } : begun
  if (plugged.do === 'skip') return { do: 'skip', because: `${plugged.by} discarded it`, ...allBegun, messages: [] }
  const made = makeObject(plugged.item, input, rules)
  return made.do === 'fail' ? fail(made.text) : { ...made, ...allBegun, neverEqual: acted.converted }
}

/** An item that annotations of the Restore leave out or change; undefined for one that stays as it is. */
function prepareAsAsked(input: ItemInput, rules: ItemRules): Preparation | undefined {
  const job = endedJob(input.item, rules.endedJobs)
  if (job.do === 'omit') return job
  if (job.do === 'change') return prepareItem({ ...input, item: job.item }, rules)
  const apart = rules.isolate === true ? isolated(input.item) : job
  if (apart.do === 'omit') return apart
  return apart.do === 'change' ? prepareItem({ ...input, item: apart.item }, { ...rules, isolate: false }) : undefined
}

/** A pod that its workload makes anew at the end of the restore. */
function leftOut({ item, groupResource, targetNamespace }: ItemInput, rules: ItemRules): Preparation | undefined {
  const { zeroReplicas, volumes } = rules
  const because = zeroReplicas && whyPodWaits(item, groupResource, { ...zeroReplicas, volumes })
  if (because === undefined) return undefined
  const id = formatResourceId(groupResource, targetNamespace, item.metadata.name)
  const text = `restore hooks of ${id} do not run: ${because}`
  const messages = hasRestoreHooks(item) ? [warning(scopeOf(targetNamespace), text)] : []
  return { do: 'skip', because, companions: [], messages }
}

type MadeObject =
  | { do: 'fail'; text: string }
  | Omit<Extract<Preparation, { do: 'write' }>, 'companions' | 'operation' | 'pluginOperations' | 'neverEqual'>

/** The object to write, from an item that all actions have changed. */
function makeObject(acted: Manifest, input: ItemInput, rules: ItemRules): MadeObject {
  const { item, groupResource, targetNamespace } = input
  const claimed = groupResource === 'persistentvolumeclaims' ? boundAnew(acted, input, rules) : acted
  const modified = rules.modify(claimed, groupResource)
  const placed = targetNamespace === undefined ? modified.item : inNamespace(modified.item, targetNamespace)
  const object = named(withLabels(placed, rules.labels), itemKey({ ...item.metadata, groupResource }), rules)
  const target = targetResource(object, item, groupResource, rules)
  if (target === undefined)
    return { do: 'fail', text: `error getting GVR for ${formatGvk(object)}: no match for kind "${object.kind}"` }
  const written = formatGroupResource(target.resource, target.group)
  const scope = scopeOf(targetNamespace)
  const zero = rules.zeroReplicas && decideZero({ item, object, groupResource: written }, rules.volumes)
  return {
    do: 'write',
    object,
    resource: target,
    groupResource: written,
    status: item['status'],
    messages: [
      ...modified.errors.map((text) => error(scope, text)),
      ...(zero?.do === 'keep'
        ? [warning(scope, `${formatResourceId(written, targetNamespace, object.metadata.name)}: ${zero.because}`)]
        : []),
    ],
    ...(zero?.do === 'zero' ? { atZero: zero.atZero } : {}),
    ...(hasReadableLabels(placed) ? {} : { remark: 'one of its labels is no text, so it loses all labels of its own' }),
  }
}

/** A claim without its old binding, and with the new name of its PV. */
function boundAnew(claim: Manifest, { volumeName }: ItemInput, rules: ItemRules): Manifest {
  const unbound = unbindClaim(claim, rules.provisioned)
  return volumeName === undefined ? unbound : { ...unbound, spec: { ...(unbound['spec'] as object), volumeName } }
}

/**
 * The object with a name, where it only has `generateName`: the API server would make a new name at each attempt, and
 * with it a second object (rule 5).
 */
function named(object: Manifest, item: string, rules: ItemRules): Manifest {
  const { name, generateName } = object.metadata as { name?: unknown; generateName?: unknown }
  if (isText(name) || !isText(generateName)) return object
  const metadata = { ...object.metadata, name: generatedName(generateName, rules.restore.uid, item) }
  return { ...object, metadata }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** The message for an action's error. Velero runs its actions in a plugin process, so it contains the words of gRPC. */
export function preparationError(id: string, text: string): string {
  return `error preparing ${id}: rpc error: code = Unknown desc = ${text}`
}

type PreparedVolume = { do: 'go'; item: Manifest } | { do: 'skip'; because: string } | { do: 'fail'; text: string }

function prepareVolume({ item: pv, native }: ItemInput, rules: ItemRules): PreparedVolume {
  const fate = volumeFate(pv, rules.volumes)
  switch (fate.do) {
    case 'provision':
      return { do: 'skip', because: fate.because }
    case 'keep':
      return { do: 'go', item: rebindVolume(pv, rules.restore.spec.namespaceMapping) }
    case 'snapshot':
      if (native === undefined) throw new Error('the native snapshot of a volume was not looked at')
      return 'problem' in native ? { do: 'fail', text: native.problem } : { do: 'go', item: native.item }
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
      converted ||= action.convertsThroughStruct?.(item, rules.restore.spec, rules.facts) === true
      companions.push(...(result.companions ?? []))
      if (result.operationId !== undefined) operation = { action: action.name, operationId: result.operationId }
      if (result.skip === true) return { do: 'skip', by: action.name, companions, ...(operation ? { operation } : {}) }
      item = withoutMustInclude(result.item)
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
