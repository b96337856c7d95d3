import { withBuildLock } from './build-lock.ts'
import { fromCache } from './from-cache.ts'
import { fromEnvironment } from './from-environment.ts'
import { fromGo } from './from-go.ts'
import { fromPath } from './from-path.ts'
import { fromRelease } from './from-release.ts'
import { tools, type Tool, type ToolName } from './tools.ts'

/** Who hears what is being fetched or built, and who may end it. */
export interface Progress {
  report(line: string): void
  signal: AbortSignal
}

/** One way of getting a tool: undefined where it does not apply, a throw where it was tried and failed. */
export interface Way {
  name: string
  get(tool: Tool, progress: Progress): Promise<string | undefined>
}

/** The ways that only look. */
const lookups: readonly Way[] = [
  { name: 'environment', get: fromEnvironment },
  { name: 'PATH', get: fromPath },
  { name: 'cache', get: fromCache },
]

/** The ways that fill the cache; two processes do not go them at once for the same tool. */
const makers: readonly Way[] = [
  { name: 'cache', get: fromCache },
  { name: 'official release', get: fromRelease },
  { name: 'build with Go', get: fromGo },
]

/** The path of a tool's binary by the first way that gives one. */
export async function obtainTool(name: ToolName, progress: Progress): Promise<string> {
  const tool = tools[name]
  const failures = new Set<string>()
  const found = await firstOf(lookups, tool, { progress, failures })
  if (found !== undefined) return found
  const made = await withBuildLock(tool, progress, () => firstOf(makers, tool, { progress, failures }))
  if (made !== undefined) return made
  throw new ToolUnavailable(`${tool.name} ${tool.version}`, [...failures], adviceFor(tool))
}

/** No way gave something that the stack needs: which, what was tried, what to do. */
export class ToolUnavailable extends Error {
  override readonly name = 'ToolUnavailable'

  constructor(what: string, failures: readonly string[], advice: string) {
    super([`${what} cannot be had. Tried:`, ...failures.map((failure) => `  ${failure}`), advice].join('\n'))
  }
}

function adviceFor(tool: Tool): string {
  const release = tool.release === undefined ? '' : ', or give access to github.com'
  return `Set ${tool.environment} to a binary, or put ${tool.name} on PATH, or install Go and give it access to a module proxy${release}.`
}

/** Goes the ways in order; what failed is told to `failures`. */
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
      failures.add(`${way.name}: not there`)
    } catch (error) {
      progress.signal.throwIfAborted()
      failures.add(`${way.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return undefined
}
