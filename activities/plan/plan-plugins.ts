import { planPlugin } from '../../core/actions/run-plugins.ts'
import type { PlannedPlugin } from '../../core/actions/run-plugins.ts'
import type { ResolveResource } from '../../core/filter/includes-excludes.ts'
import { PluginError } from '../../core/port-errors.ts'
import { fatal } from '../frame/failures.ts'
import type { Plugins } from '../ports.ts'

/**
 * The actions of plugins for a restore, with what they apply to. A plugin that cannot say that is an error with which nothing is
 * restored. Plugins that cannot be used end the restore, since nobody knows what they would have done.
 * Source: pkg/controller/restore_controller.go runValidatedRestore, pkg/restore/restore.go RestoreWithResolvers.
 */
export async function planPlugins(
  host: Plugins | undefined,
  resolve: ResolveResource,
  signal: AbortSignal,
): Promise<readonly PlannedPlugin[] | { error: string }> {
  const planned: PlannedPlugin[] = []
  for (const action of await actionsOf(host, signal)) {
    try {
      const plugin = planPlugin(action, (await host?.appliesTo(action.name, signal)) ?? noSelector, resolve)
      if ('error' in plugin) return { error: `plugin ${action.name}: ${plugin.error}` }
      planned.push(plugin)
    } catch (thrown) {
      if (!(thrown instanceof PluginError)) throw thrown
      return { error: thrown.message }
    }
  }
  return planned
}

const noSelector = {
  includedNamespaces: [],
  excludedNamespaces: [],
  includedResources: [],
  excludedResources: [],
  labels: '',
}

async function actionsOf(host: Plugins | undefined, signal: AbortSignal) {
  try {
    return (await host?.restoreItemActions(signal)) ?? []
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    throw fatal(`error getting restore item actions: ${thrown.message}`, thrown)
  }
}
