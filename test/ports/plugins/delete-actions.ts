import type { DeleteActions } from '../../../activities/ports.ts'
import { itemPath } from '../../../velero/resource.ts'
import type { Around } from '../calls.ts'

/** A DeleteItemAction for ConfigMaps, in memory. What it notes outlasts processes. */
export interface InMemoryRecorder {
  /** The items that it was given, each once: a plugin has to bear a second call. */
  recorded: ReadonlySet<string>
  /** The port, as a process of a worker has it. */
  connect(around?: Around): DeleteActions
}

const action = 'example.io/record'

/** Makes one, which has been given those items before. */
export function createRecorder(from: Iterable<string> = []): InMemoryRecorder {
  const recorded = new Set(from)
  return {
    recorded,
    connect: (around = (_call, run) => run()) => {
      const call = <T>(name: string, on: string, run: () => Promise<T>) => around({ port: 'plugin', name, on }, run)
      return {
        names: () => call('list', 'DeleteItemActions', async () => [action]),
        appliesTo: (name) =>
          call('get', `what ${name} applies to`, async () => ({
            includedNamespaces: [],
            excludedNamespaces: [],
            includedResources: ['cm'],
            excludedResources: [],
            labels: '',
          })),
        execute: (name, { item, backup }) => {
          const of = (backup as { metadata: { name: string } }).metadata.name
          const note = `${name} ${itemPath('configmaps', item.metadata)} of ${of}`
          return call('execute', note, async () => void recorded.add(note))
        },
      }
    },
  }
}
