import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Plugins } from '../../../activities/ports.ts'
import { createPlugins } from '../../../infra/plugins/plugins.ts'
import { createRegistry } from '../../../infra/plugins/registry.ts'
import type { PluginRegistry, PluginsOptions } from '../../../infra/plugins/registry.ts'
import { quietLog } from '../cluster/quiet-log.ts'

/** The plugins in a folder, with the end of their processes. */
export type RunningPlugins = Plugins & Pick<PluginRegistry, 'close'>

/** Hosts the plugins in the folders of a test file until that is over. Called at the top of the file. */
export function hostOfPlugins() {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-plugins-'))
  const log = quietLog()
  const opened: PluginRegistry[] = []
  afterAll(async () => {
    await Promise.all(opened.map((registry) => registry.close()))
    rmSync(dir, { recursive: true, force: true })
  })

  function register(folder: string, options: Partial<PluginsOptions> = {}): PluginRegistry {
    const registry = createRegistry({
      dir: join(dir, folder),
      args: [],
      env: process.env,
      startMs: 20_000,
      answerBytesMax: 16 << 20,
      callsMax: 1,
      callMs: 60_000,
      log,
      ...options,
    })
    opened.push(registry)
    return registry
  }

  function open(folder: string, options: Partial<PluginsOptions> = {}): RunningPlugins {
    const registry = register(folder, options)
    return { ...createPlugins(registry), close: () => registry.close() }
  }

  return { dir, log, register, open }
}
