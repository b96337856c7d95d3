import { builtInActions } from '../../core/actions/built-in.ts'
import { PluginError } from '../../core/port-errors.ts'
import { findBinaries } from './find-binaries.ts'
import { createBinary } from './plugin-binary.ts'
import type { BinaryOptions, PluginBinary } from './plugin-binary.ts'
import { methods } from './protocol.ts'

/** Where plugins are, and how they are used. */
export interface PluginsOptions extends BinaryOptions {
  dir: string
}

/** The kinds of plugins that Velero knows. Source: pkg/plugin/framework/common/plugin_kinds.go. */
const pluginKinds = [
  'BackupItemAction',
  'BackupItemActionV2',
  'DeleteItemAction',
  'ItemBlockAction',
  'ObjectStore',
  'PluginLister',
  'RestoreItemAction',
  'RestoreItemActionV2',
  'VolumeSnapshotter',
] as const

/** One of the kinds of plugins that Velero knows. */
export type PluginKind = (typeof pluginKinds)[number]

/** A plugin, and the binary that has it. */
export interface RegisteredPlugin {
  kind: PluginKind
  name: string
  binary: PluginBinary
}

/** The plugins in a folder, until they are closed. */
export interface PluginRegistry extends Pick<PluginsOptions, 'dir'> {
  /** The plugins of these kinds in Velero's order: by path, then by kind as given, then by name. */
  all(...kinds: readonly PluginKind[]): Promise<readonly RegisteredPlugin[]>
  /** The plugin of a kind with a name. Throws a `PluginError` in Velero's words where there is none. */
  find(kind: PluginKind, name: string): Promise<RegisteredPlugin>
  /** Ends all processes for good. */
  close(): Promise<void>
}

/** Kinds whose processes are kept from the first look on, because each restore asks them. */
const keptKinds: readonly PluginKind[] = ['RestoreItemAction', 'RestoreItemActionV2']

/**
 * Hosts Velero's plugins as Velero's server does: every binary in a folder is asked for what it has. They are found at the
 * first use; where one is no plugin, that is an error of each use, as it keeps Velero's server from starting, until the folder
 * is put right. Of binaries without a RestoreItemAction no process is kept.
 */
export function createRegistry(options: PluginsOptions): PluginRegistry {
  const binaries = new Map<string, PluginBinary>()
  let found: Promise<readonly RegisteredPlugin[]> | undefined
  let isClosed = false

  function binaryAt(path: string): PluginBinary {
    if (isClosed) throw new PluginError('died', `plugin ${path} is not called any more: the worker stops`)
    const binary = binaries.get(path) ?? createBinary(path, options)
    binaries.set(path, binary)
    return binary
  }

  function discovered(): Promise<readonly RegisteredPlugin[]> {
    found ??= discover(options, binaryAt).catch((thrown: unknown) => {
      found = undefined
      throw thrown
    })
    return found
  }

  return {
    dir: options.dir,
    async all(...kinds) {
      const plugins = (await discovered()).filter(({ kind }) => kinds.includes(kind))
      const paths = [...new Set(plugins.map(({ binary }) => binary.path))]
      return paths.flatMap((path) =>
        kinds.flatMap((kind) => plugins.filter((one) => one.binary.path === path && one.kind === kind)),
      )
    },
    async find(kind, name) {
      const one = (await discovered()).find((plugin) => plugin.kind === kind && plugin.name === name)
      if (one === undefined) throw new PluginError('unknown', `unable to get valid ${kind} for ${JSON.stringify(name)}`)
      return one
    },
    async close() {
      isClosed = true
      await Promise.all([...binaries.values()].map((binary) => binary.close()))
    },
  }
}

/** The error for an action that no binary has. Source: pkg/plugin/clientmgmt/process/registry.go. */
export function notFound(kind: PluginKind, name: string, dir: string): PluginError {
  return new PluginError('unknown', `unable to locate ${kind} plugin named ${name} in ${dir} of this worker`)
}

async function discover(
  options: PluginsOptions,
  binaryAt: (path: string) => PluginBinary,
): Promise<readonly RegisteredPlugin[]> {
  const found: RegisteredPlugin[] = []
  for (const path of await findBinaries(options.dir)) {
    const binary = binaryAt(path)
    const { plugins } = await binary.call(path, methods.listPlugins, {})
    const own = plugins.map(({ kind, name }) => ({ kind: kindOf(kind, path), name, binary }))
    if (!own.some(({ kind }) => keptKinds.includes(kind))) await binary.stop()
    for (const plugin of own) {
      if (plugin.kind === 'PluginLister') continue
      check(plugin, found)
      found.push(plugin)
    }
    options.log.info(`plugin ${path} has ${plugins.map(({ kind, name }) => `${kind} ${name}`).join(', ') || 'nothing'}`)
  }
  return found
}

function kindOf(kind: string, path: string): PluginKind {
  const known = pluginKinds.find((one) => one === kind)
  if (known !== undefined) return known
  throw new PluginError('binary', `plugin ${path} cannot be used: invalid plugin kind: ${kind}`)
}

function check({ kind, name, binary }: RegisteredPlugin, found: readonly RegisteredPlugin[]): void {
  const { path } = binary
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[^/]+$/.test(name))
    throw new PluginError('binary', `plugin ${path} cannot be used: invalid plugin name ${JSON.stringify(name)}`)
  const isAction = keptKinds.includes(kind)
  const other = found.find(
    (one) => one.name === name && (one.kind === kind || (isAction && keptKinds.includes(one.kind))),
  )
  const known =
    isAction && builtInActions.some((action) => action.name === name) ? 'velero' : (other?.binary.path ?? undefined)
  if (known === undefined) return
  throw new PluginError(
    'binary',
    `unable to register plugin (kind=${kind}, name=${name}, command=${path}) because another plugin is already registered for this kind and name (command=${known})`,
  )
}
