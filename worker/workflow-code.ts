import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { WorkerOptions } from '@temporalio/worker'
import type { Log } from '../activities/ports.ts'
import { codeCacheFolder } from '../infra/code-cache.cjs'

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Where the workflows are. */
export const workflowsPath: string = pathOf('../workflows/index.ts')

/** What workflows are made of: the folders that they import from, and the versions of the packages. */
const sources = ['workflows', 'contract', 'core', 'velero', 'package.json'] as const

/** So many bundles stay in the cache: those that were made last. */
const bundlesMax = 5

/**
 * The code of the workflows for a worker: the bundle that is named, else that of the package, else the one that the cache holds for
 * exactly this source. Where it holds none, another process makes it, since a bundler needs memory that this one would never give
 * back. Where that fails, Temporal's worker bundles the source at each start, or says why it cannot. Traces add a part of their own
 * to the code, so with them it is bundled anew, or the package's other bundle is taken.
 */
export async function workflowCode(options: {
  bundle: string | undefined
  isTraced: boolean
  log: Log
}): Promise<Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>> {
  const { isTraced, log } = options
  const bundle = isTraced ? undefined : options.bundle
  const codePath = bundle ?? packagedBundle(isTraced) ?? (isTraced ? undefined : await keptBundle(log))
  return codePath === undefined ? { workflowsPath } : { workflowBundle: { codePath } }
}

/** In the published package the bundles lie beside the worker's code, and there is no source. */
function packagedBundle(isTraced: boolean): string | undefined {
  const file = pathOf(isTraced ? './workflows-traced.bundle.js' : './workflows.bundle.js')
  return existsSync(file) ? file : undefined
}

/** The bundle of exactly this source in the cache, made where it is not there; undefined where it cannot be kept. */
export async function keptBundle(log: Pick<Log, 'debug'>): Promise<string | undefined> {
  const folder = codeCacheFolder('workflows', process.env)
  if (folder === undefined) return undefined
  try {
    const file = join(folder, `${hashOfSources(pathOf('..'), sources)}.js`)
    if (existsSync(file)) return file
    await promisify(execFile)(process.execPath, [pathOf('bundle-workflows.ts'), file])
    removeOldBundles(folder)
    return file
  } catch (thrown) {
    log.debug('the bundled workflows cannot be kept', { error: String(thrown) })
    return undefined
  }
}

/** A hash of the names and the content of files, and of all files in folders. */
export function hashOfSources(root: string, paths: readonly string[]): string {
  const hash = createHash('sha256')
  const add = (path: string): void => {
    const full = join(root, path)
    if (statSync(full).isDirectory()) {
      for (const name of readdirSync(full).toSorted()) add(`${path}/${name}`)
      return
    }
    const content = readFileSync(full)
    hash.update(`${path}\n${content.length}\n`).update(content)
  }
  for (const path of paths) add(path)
  return hash.digest('hex').slice(0, 32)
}

/** Another worker may do the same at the same time, so a file that is missing already is no error. */
function removeOldBundles(folder: string): void {
  const madeAtMs = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const files = readdirSync(folder).map((name) => ({ name, madeAtMs: madeAtMs(name) }))
  for (const name of bundlesToRemove(files, Date.now())) rmSync(join(folder, name), { force: true })
}

/** A bundle takes seconds to make: one that has its temporary name for so long was left by a process that died. */
const unfinishedMs = 600_000

/** The files that leave the cache: older bundles than the last few, and those that nobody finishes any more. */
export function bundlesToRemove(files: readonly { name: string; madeAtMs: number }[], nowMs: number): string[] {
  const isFinished = ({ name }: { name: string }) => name.endsWith('.js')
  const newestFirst = files.filter(isFinished).toSorted((a, b) => b.madeAtMs - a.madeAtMs)
  const unfinished = files.filter((file) => !isFinished(file) && nowMs - file.madeAtMs > unfinishedMs)
  return [...newestFirst.slice(bundlesMax), ...unfinished].map(({ name }) => name)
}
