import type { Plugins } from '../../activities/ports.ts'
import { PluginError } from '../../core/port-errors.ts'
import { orAborted } from './plugin-binary.ts'
import { methods } from './protocol.ts'
import { notFound } from './registry.ts'
import type { PluginRegistry } from './registry.ts'
import { answerOf, identifiersOf, jsonOf, progressOf, selectorOf } from './messages.ts'

/** The interface of Velero by the kind of a plugin. */
const versions = { RestoreItemAction: 1, RestoreItemActionV2: 2 } as const

const kinds = Object.keys(versions) as readonly (keyof typeof versions)[]

/** The RestoreItemActions of a worker's plugins. */
export function createPlugins(registry: PluginRegistry): Plugins {
  async function registered(action: string) {
    for (const kind of kinds) {
      const one = (await registry.all(kind)).find(({ name }) => name === action)
      if (one !== undefined) return { binary: one.binary, version: versions[kind] }
    }
    throw notFound('RestoreItemActionV2', action, registry.dir)
  }

  return {
    async restoreItemActions(signal) {
      const found = await orAborted(registry.all(...kinds), signal)
      return found.map(({ name, kind }) => ({ name, version: versions[kind as keyof typeof versions] }))
    },
    async appliesTo(action, signal) {
      const { binary, version } = await orAborted(registered(action), signal)
      return selectorOf(await binary.call(action, methods.appliesTo[version], { plugin: action }, signal))
    },
    async execute(action, { item, itemFromBackup, restore }, signal) {
      const { binary, version } = await orAborted(registered(action), signal)
      const request = {
        plugin: action,
        item: jsonOf(item),
        itemFromBackup: jsonOf(itemFromBackup),
        restore: jsonOf(restore),
      }
      return answerOf(action, await binary.call(action, methods.execute[version], request, signal))
    },
    async areItemsReady(action, { items, restore }, signal) {
      const { binary } = await orAborted(registered(action), signal)
      const request = { plugin: action, restore: jsonOf(restore), additionalItems: identifiersOf(items) }
      return (await binary.call(action, methods.areItemsReady, request, signal)).ready
    },
    async progress(action, { operationId, restore }, signal) {
      const { binary, version } = await orAborted(registered(action), signal)
      if (version === 1) throw new PluginError('answer', 'Plugin does not support asynchronous operations')
      const request = { plugin: action, operationId, restore: jsonOf(restore) }
      return progressOf(action, await binary.call(action, methods.progress, request, signal))
    },
    async cancel(action, { operationId, restore }, signal) {
      const { binary, version } = await orAborted(registered(action), signal)
      if (version === 1) return
      await binary.call(action, methods.cancel, { plugin: action, operationId, restore: jsonOf(restore) }, signal)
    },
  }
}
