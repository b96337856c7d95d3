import type { PluginAnswer, PluginProgress, PluginSelector } from '../../core/actions/plugin-action.ts'
import { PluginError } from '../../core/port-errors.ts'
import { parseJson, stringifyJson } from '../../core/values/manifest-json.ts'
import { formatGroupResource, parseGroupResource } from '../../velero/resource.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import type { Applies, Executed, Instant, ItemsRequest, Progressed } from './protocol.ts'

/** An object as the JSON that goes over the wire. Large numbers keep their digits. */
export function jsonOf(value: object): Buffer {
  return Buffer.from(stringifyJson(value), 'utf8')
}

/** What an answer of `AppliesTo` says; without a selector the action applies to everything. */
export function selectorOf({ selector }: Applies): PluginSelector {
  const { labels = '', ...lists } = selector ?? {}
  const {
    includedNamespaces = [],
    excludedNamespaces = [],
    includedResources = [],
    excludedResources = [],
  } = lists as Partial<PluginSelector>
  return { includedNamespaces, excludedNamespaces, includedResources, excludedResources, labels }
}

/** What an answer of `Execute` says. Throws a `PluginError` for an item that is no JSON. */
export function answerOf(action: string, answer: Executed): PluginAnswer {
  const { item, additionalItems, skipRestore, operationId, waitForAdditionalItems, readyTimeout } = answer
  return {
    item: skipRestore ? null : itemOf(action, item),
    skip: skipRestore,
    operationId,
    additionalItems: additionalItems.map(({ group, resource, namespace, name }) => ({
      groupResource: formatGroupResource(resource, group),
      ...(namespace === '' ? {} : { namespace }),
      name,
    })),
    waits: waitForAdditionalItems,
    readySeconds: readyTimeout === null ? 0 : readyTimeout.seconds + readyTimeout.nanos / 1e9,
  }
}

function itemOf(action: string, bytes: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(bytes).toString('utf8'))
  } catch {
    throw new PluginError('answer', `plugin ${action} has answered Execute with an item that is no JSON`)
  }
}

/** Additional items as the protocol names them. */
export function identifiersOf(items: readonly ItemAddress[]): ItemsRequest['additionalItems'] {
  return items.map(({ groupResource, namespace = '', name }) => ({
    ...parseGroupResource(groupResource),
    namespace,
    name,
  }))
}

/** What an answer of `Progress` says. Go's zero time is no time. */
export function progressOf(action: string, { progress }: Progressed): PluginProgress {
  if (progress === null) throw new PluginError('answer', `plugin ${action} has answered Progress with nothing`)
  const { completed, err, nCompleted, nTotal, units, description, started, updated } = progress
  return {
    completed,
    error: err,
    nCompleted,
    nTotal,
    units,
    description,
    ...timeOf('started', started),
    ...timeOf('updated', updated),
  }
}

function timeOf<K extends string>(key: K, at: Instant | null): Partial<Record<K, string>> {
  const date = at === null ? undefined : new Date(at.seconds * 1000)
  if (date === undefined || Number.isNaN(date.getTime()) || date.getUTCFullYear() <= 1) return {}
  return { [key]: date.toISOString().replace(/\.\d+Z$/, 'Z') } as Record<K, string>
}
