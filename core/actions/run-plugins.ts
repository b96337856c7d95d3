import { mustIncludeAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { makeIncludesExcludes, resolveLists } from '../filter/includes-excludes.ts'
import type { ResolveResource } from '../filter/includes-excludes.ts'
import { compileLabelSelector } from '../filter/label-selector.ts'
import type { Labels } from '../filter/label-selector.ts'
import { parseSelectorText } from '../filter/selector-text.ts'
import { isJsonMap } from '../values/manifest-json.ts'
import type { PluginAction, PluginAnswer, PluginSelector } from './plugin-action.ts'

/** An action of a plugin with what it applies to: full names of resources, as the cluster resolved them for the plan. */
export interface PlannedPlugin extends PluginAction {
  selector: PluginSelector
}

/** An action of a plugin, ready to decide about items. */
export interface PluginRule {
  name: string
  appliesTo: (groupResource: GroupResource, namespace: string | undefined) => boolean
  matches: (labels: Labels) => boolean
}

/** The action with the names of its resources resolved, or what is wrong with its selector. Velero then restores nothing. */
export function planPlugin(
  action: PluginAction,
  selector: PluginSelector,
  resolve: ResolveResource,
): PlannedPlugin | { error: string } {
  const { includedResources: includes, excludedResources: excludes } = selector
  const lists = resolveLists({ includes, excludes }, resolve)
  const planned = {
    ...action,
    selector: { ...selector, includedResources: lists.includes, excludedResources: lists.excludes },
  }
  const compiled = compileLabels(selector.labels)
  return 'error' in compiled ? compiled : planned
}

/**
 * The rule by which Velero decides whether an action runs: by the resource, by the namespace into which the item is restored,
 * and by the labels that the item has when its turn comes. With namespaces of its own it leaves cluster-scoped items.
 * Source: pkg/plugin/framework/action_resolver.go ShouldUse.
 */
export function pluginRule({ name, selector }: PlannedPlugin): PluginRule {
  const { includedResources, excludedResources, includedNamespaces, excludedNamespaces } = selector
  const resources = makeIncludesExcludes({ includes: includedResources, excludes: excludedResources })
  const namespaces = makeIncludesExcludes({ includes: includedNamespaces, excludes: excludedNamespaces })
  const labels = compileLabels(selector.labels)
  return {
    name,
    appliesTo: (groupResource, namespace) =>
      resources.shouldInclude(groupResource) &&
      (namespace === undefined ? namespaces.includeEverything() : namespaces.shouldInclude(namespace)),
    matches: (of) => !('error' in labels) && labels.matches(of),
  }
}

function compileLabels(text: string): ReturnType<typeof compileLabelSelector> {
  const selector = parseSelectorText(text)
  return 'error' in selector ? selector : compileLabelSelector(selector)
}

/** What a plugin answered for an item, or why it did not. */
export type PluginReply = PluginAnswer | { failed: string }

/** An item on its way through the actions of plugins. */
export interface PluggedItem {
  groupResource: GroupResource
  targetNamespace: string | undefined
  /** What plugins have answered so far, by their names. */
  replies: ReadonlyMap<string, PluginReply>
}

/** What comes of an item: a question to a plugin, or the end. `operations` are those that plugins have begun. */
export type Plugged =
  | { do: 'ask'; action: string; item: Manifest }
  | { do: 'fail'; text: string }
  | { do: 'skip'; by: string; operations: readonly PluginOperation[] }
  | { do: 'go'; item: Manifest; operations: readonly PluginOperation[] }

/** An operation that an action of a plugin has begun. */
export interface PluginOperation {
  action: string
  operationId: string
}

/**
 * Leads an item through the actions of plugins, one after the other. Where an answer is missing it says whom to ask; called
 * again with the answer, it goes on.
 */
export function runPlugins(start: Manifest, plugged: PluggedItem, rules: readonly PluginRule[]): Plugged {
  const operations: PluginOperation[] = []
  let item = start
  for (const { name, appliesTo, matches } of rules) {
    if (!appliesTo(plugged.groupResource, plugged.targetNamespace) || !matches(item.metadata.labels)) continue
    const reply = plugged.replies.get(name)
    if (reply === undefined) return { do: 'ask', action: name, item }
    if ('failed' in reply) return { do: 'fail', text: reply.failed }
    if (reply.operationId !== '') operations.push({ action: name, operationId: reply.operationId })
    if (reply.skip) return { do: 'skip', by: name, operations }
    const problem = whyNoObject(reply.item)
    if (problem !== undefined) return { do: 'fail', text: `plugin ${name} has answered Execute with ${problem}` }
    item = withoutMustInclude(reply.item as Manifest)
  }
  return { do: 'go', item, operations }
}

/** Whether a plugin says of its additional items that they are restored although filters exclude them. */
export function mustIncludeAll(answer: PluginAnswer): boolean {
  return (answer.item as Partial<Manifest> | null)?.metadata?.annotations?.[mustIncludeAnnotation] === 'true'
}

/**
 * Removes the annotation by which an action says that its additional items must be included; it is not for the cluster.
 */
export function withoutMustInclude(item: Manifest): Manifest {
  const { annotations } = item.metadata
  if (!isJsonMap(annotations) || !Object.hasOwn(annotations, mustIncludeAnnotation)) return item
  const { [mustIncludeAnnotation]: _annotation, ...kept } = annotations
  return { ...item, metadata: { ...item.metadata, annotations: kept } }
}

/** What an answer of a plugin is instead of an object; undefined for an object. */
export function whyNoObject(item: unknown): string | undefined {
  if (!isJsonMap(item)) return 'an item that is no JSON object'
  const { apiVersion, kind, metadata } = item
  if (!isText(kind)) return 'an object without a kind'
  if (!isText(apiVersion)) return 'an object without an apiVersion'
  if (!isJsonMap(metadata) || !(isText(metadata['name']) || isText(metadata['generateName'])))
    return 'an object without a name'
  return undefined
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
