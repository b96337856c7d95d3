import type { Plugins } from '../../activities/ports.ts'
import type { PluginAnswer, PluginInput } from '../../core/actions/plugin-action.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import { anObject } from '../core/items/builders.ts'

/** What a plugin says beside what it says always. */
export type Answer = Partial<PluginAnswer>

/** A plugin with one action for ConfigMaps, which labels what it answers about. */
export function hosting(answer: (name: string, input: PluginInput) => Answer, more: Partial<Plugins> = {}) {
  const asked: string[] = []
  const plugins: Plugins = {
    restoreItemActions: async () => [{ name: 'example.io/label', version: 2 }],
    appliesTo: async () => ({
      includedNamespaces: [],
      excludedNamespaces: [],
      includedResources: ['cm'],
      excludedResources: [],
      labels: '',
    }),
    async execute(_action, input) {
      const { name } = input.item.metadata
      asked.push(name)
      const item = { ...input.item, metadata: { ...input.item.metadata, labels: { plugged: 'true' } } }
      const none = { skip: false, operationId: '', additionalItems: [], waits: false, readySeconds: 0 }
      return { item, ...none, ...answer(name, input) }
    },
    areItemsReady: async () => true,
    progress: async () => ({
      completed: true,
      error: '',
      nCompleted: 1,
      nTotal: 1,
      units: 'steps',
      description: 'done',
    }),
    cancel: async () => undefined,
    ...more,
  }
  return { plugins, asked }
}

/** A ConfigMap without data. */
export const configMap = (name: string, namespace = 'shop'): Manifest => anObject('ConfigMap', name, { namespace })

/** Where an object stands. */
export const at = (resource: string, name: string, namespace = 'shop') => ({
  group: '',
  version: 'v1',
  resource,
  namespace,
  name,
})
/** What an action asks for. */
export const item = (groupResource: string, name: string, namespace = 'shop'): ItemAddress => ({
  groupResource,
  namespace,
  name,
})
