import type { DeleteActions } from '../../activities/ports.ts'
import { jsonOf, selectorOf } from './messages.ts'
import { orAborted } from './plugin-binary.ts'
import { methodsOf } from './protocol.ts'
import type { Applies, Nothing } from './protocol.ts'
import type { PluginRegistry } from './registry.ts'

/** The messages of DeleteItemActions. Source: pkg/plugin/proto/DeleteItemAction.proto of Velero. */
const method = methodsOf(`
message Nothing {}
message Named { string plugin = 1; }
message Selector {
  repeated string included_namespaces = 1; repeated string excluded_namespaces = 2;
  repeated string included_resources = 3; repeated string excluded_resources = 4;
  string labels = 5;
}
message Applies { Selector selector = 1; }
message Deleted { string plugin = 1; bytes item = 2; bytes backup = 3; }
`)

const path = '/generated.DeleteItemAction'
const appliesTo = method<{ plugin: string }, Applies>(`${path}/AppliesTo`, 'Named', 'Applies')
const execute = method<{ plugin: string; item: Buffer; backup: Buffer }, Nothing>(
  `${path}/Execute`,
  'Deleted',
  'Nothing',
)

const kind = 'DeleteItemAction'

/** The DeleteItemActions of a worker's plugins. */
export function createDeleteActions(registry: PluginRegistry): DeleteActions {
  return {
    async names(signal) {
      return (await orAborted(registry.all(kind), signal)).map(({ name }) => name)
    },
    async appliesTo(action, signal) {
      const { binary } = await orAborted(registry.find(kind, action), signal)
      return selectorOf(await binary.call(action, appliesTo, { plugin: action }, signal))
    },
    async execute(action, { item, backup }, signal) {
      const { binary } = await orAborted(registry.find(kind, action), signal)
      await binary.call(action, execute, { plugin: action, item: jsonOf(item), backup: jsonOf(backup) }, signal)
    },
  }
}
