import { withMachineLock } from '../processes/machine-lock.ts'
import { cachedPath } from './cache-dir.ts'
import { fromCache, fromEnvironment, fromPath } from './find-tool.ts'
import { fromGo } from './from-go.ts'
import { fromRelease } from './from-release.ts'
import { tools, type Progress, type Tool, type ToolName } from './tools.ts'

/** One way to get a tool. Undefined: the way does not apply. A throw: it was tried and failed. */
export interface Way {
  name: string
  get(tool: Tool, progress: Progress): Promise<string | undefined>
}

/** The ways that only search. */
const lookups: readonly Way[] = [
  { name: 'environment', get: fromEnvironment },
  { name: 'PATH', get: fromPath },
  { name: 'cache', get: fromCache },
]

/** The ways that fill the cache. Only one process at a time uses them for the same tool. */
const makers: readonly Way[] = [
  { name: 'cache', get: fromCache },
  { name: 'official release', get: fromRelease },
  { name: 'build with Go', get: fromGo },
]

/** The path of a tool's binary, from the first way that finds one. Throws `ToolUnavailable` where none does. */
export async function obtainTool(name: ToolName, progress: Progress): Promise<string> {
  const tool = tools[name]
  const failures = new Set<string>()
  const found = await firstOf(lookups, tool, { progress, failures })
  if (found !== undefined) return found
  const made = await withBuildLock(tool, progress, () => firstOf(makers, tool, { progress, failures }))
  if (made !== undefined) return made
  throw new ToolUnavailable(`${tool.name} ${tool.version}`, [...failures], adviceFor(tool))
}

/** A tool that the stack needs cannot be found. The message says which tool, what was tried, and what to do. */
export class ToolUnavailable extends Error {
  override readonly name = 'ToolUnavailable'

  constructor(what: string, failures: readonly string[], advice: string) {
    super([`${what} is not available. Tried:`, ...failures.map((failure) => `  ${failure}`), advice].join('\n'))
  }
}

function adviceFor(tool: Tool): string {
  const release = tool.release === undefined ? '' : ', or give access to github.com'
  return `Set ${tool.environment} to a binary, or put ${tool.name} on PATH, or install Go and give it access to a module proxy${release}.`
}

/** Tries the ways in order and adds the failures to `failures`. */
export async function firstOf(
  ways: readonly Way[],
  tool: Tool,
  { progress, failures }: { progress: Progress; failures: Set<string> },
): Promise<string | undefined> {
  for (const way of ways) {
    progress.signal.throwIfAborted()
    try {
      const path = await way.get(tool, progress)
      if (path !== undefined) return path
      failures.add(`${way.name}: not found`)
    } catch (error) {
      progress.signal.throwIfAborted()
      failures.add(`${way.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return undefined
}

/** Runs `work` while no other process fetches or builds the same tool. */
export function withBuildLock<T>(tool: Tool, progress: Progress, work: () => Promise<T>): Promise<T> {
  const onWait = (pid: number) =>
    progress.report(`${tool.name}: process ${pid} is already fetching or building it; waiting`)
  return withMachineLock(`${cachedPath(tool)}.lock`, { signal: progress.signal, onWait }, work)
}
