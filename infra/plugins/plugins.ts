import type { Plugins } from '../../activities/ports.ts'
import { builtInActions } from '../../core/actions/built-in.ts'
import type { PluginAction } from '../../core/actions/plugin-action.ts'
import { PluginError } from '../../core/port-errors.ts'
import { createBinary } from './plugin-binary.ts'
import type { BinaryOptions, PluginBinary } from './plugin-binary.ts'
import { findBinaries } from './find-binaries.ts'
import { methods } from './protocol.ts'
import { answerOf, identifiersOf, jsonOf, progressOf, selectorOf } from './messages.ts'

/** Where plugins are, and how they are used. */
export interface PluginsOptions extends BinaryOptions {
  dir: string
}

/** The plugins of a worker, until they are closed. */
export interface RunningPlugins extends Plugins {
  /** Ends all processes. */
  close(): Promise<void>
}

/** An action, and the binary that has it. */
interface Registered extends PluginAction {
  binary: PluginBinary
}

/**
 * Hosts Velero's plugins as Velero's server does: every binary in a folder is asked for what it has. They are found at the
 * first use; where one is no plugin, that is an error of each use, as it keeps Velero's server from starting, until the folder
 * is put right. Of binaries without a RestoreItemAction no process is kept.
 */
export function createPlugins(options: PluginsOptions): RunningPlugins {
  const binaries = new Map<string, PluginBinary>()
  let found: Promise<ReadonlyMap<string, Registered>> | undefined

  function registry(): Promise<ReadonlyMap<string, Registered>> {
    found ??= discover(options, binaries).catch((thrown: unknown) => {
      found = undefined
      throw thrown
    })
    return found
  }

  async function registered(action: string): Promise<Registered> {
    const one = (await registry()).get(action)
    if (one !== undefined) return one
    const where = `${options.dir} of this worker`
    throw new PluginError('unknown', `unable to locate RestoreItemActionV2 plugin named ${action} in ${where}`)
  }

  return {
    async restoreItemActions() {
      return [...(await registry()).values()].map(({ name, version }) => ({ name, version }))
    },
    async appliesTo(action) {
      const { binary, version } = await registered(action)
      return selectorOf(await binary.call(action, methods.appliesTo[version], { plugin: action }))
    },
    async execute(action, { item, itemFromBackup, restore }, signal) {
      const { binary, version } = await registered(action)
      const request = {
        plugin: action,
        item: jsonOf(item),
        itemFromBackup: jsonOf(itemFromBackup),
        restore: jsonOf(restore),
      }
      return answerOf(action, await binary.call(action, methods.execute[version], request, signal))
    },
    async areItemsReady(action, { items, restore }, signal) {
      const { binary } = await registered(action)
      const request = { plugin: action, restore: jsonOf(restore), additionalItems: identifiersOf(items) }
      return (await binary.call(action, methods.areItemsReady, request, signal)).ready
    },
    async progress(action, { operationId, restore }, signal) {
      const { binary, version } = await registered(action)
      if (version === 1) throw new PluginError('answer', 'Plugin does not support asynchronous operations')
      const request = { plugin: action, operationId, restore: jsonOf(restore) }
      return progressOf(action, await binary.call(action, methods.progress, request, signal))
    },
    async cancel(action, { operationId, restore }, signal) {
      const { binary, version } = await registered(action)
      if (version === 1) return
      await binary.call(action, methods.cancel, { plugin: action, operationId, restore: jsonOf(restore) }, signal)
    },
    async close() {
      await Promise.all([...binaries.values()].map((binary) => binary.stop()))
    },
  }
}

async function discover(
  options: PluginsOptions,
  binaries: Map<string, PluginBinary>,
): Promise<ReadonlyMap<string, Registered>> {
  const actions = new Map<string, Registered>()
  for (const path of await findBinaries(options.dir)) {
    const binary = binaries.get(path) ?? createBinary(path, options)
    binaries.set(path, binary)
    const { plugins } = await binary.call(path, methods.listPlugins, {})
    const own = plugins.flatMap(({ kind, name }) => actionsOf(kind, name, path))
    if (own.length === 0) await binary.stop()
    for (const action of own.sort((a, b) => a.version - b.version)) {
      refuseDouble(action, path, actions.get(action.name)?.binary.path)
      actions.set(action.name, { ...action, binary })
    }
    options.log.info(`plugin ${path} has ${plugins.map(({ kind, name }) => `${kind} ${name}`).join(', ') || 'nothing'}`)
  }
  return actions
}

/** Kinds that Velero knows, and of which Drydock uses none yet. */
const otherKinds = [
  'BackupItemAction',
  'BackupItemActionV2',
  'DeleteItemAction',
  'ItemBlockAction',
  'ObjectStore',
  'PluginLister',
  'VolumeSnapshotter',
]

function actionsOf(kind: string, name: string, path: string): PluginAction[] {
  if (otherKinds.includes(kind)) return []
  const version = { RestoreItemAction: 1, RestoreItemActionV2: 2 }[kind] as 1 | 2 | undefined
  if (version === undefined)
    throw new PluginError('binary', `plugin ${path} cannot be used: invalid plugin kind: ${kind}`)
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[^/]+$/.test(name))
    throw new PluginError('binary', `plugin ${path} cannot be used: invalid plugin name ${JSON.stringify(name)}`)
  return [{ name, version }]
}

function refuseDouble({ name, version }: PluginAction, path: string, other: string | undefined): void {
  const known = builtInActions.some((action) => action.name === name) ? 'velero' : other
  if (known === undefined) return
  const kind = version === 1 ? 'RestoreItemAction' : 'RestoreItemActionV2'
  throw new PluginError(
    'binary',
    `unable to register plugin (kind=${kind}, name=${name}, command=${path}) because another plugin is already registered for this kind and name (command=${known})`,
  )
}
