import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readState, writeState, type StackState } from './state.ts'
import { obtainTool } from './tools/obtain-tool.ts'
import type { ToolName } from './tools/tools.ts'

/** What each service needs while the stack starts: where to write, how to get its binary, where to report progress. */
export interface Home {
  readonly dir: string
  readonly state: StackState
  readonly signal: AbortSignal
  /** One line of progress for a human. */
  report(line: string): void
  /** The path of a tool's binary, found, fetched or built. */
  tool(name: ToolName): Promise<string>
  /** Makes a folder of the home and returns its path. */
  folder(name: string): string
  /** Keeps the state, so that whoever comes later can stop what runs now. */
  save(): void
}

export interface HomeOptions {
  signal?: AbortSignal
  report?: (line: string) => void
}

/** Opens the folder in which a stack keeps everything. `down` removes it, so any other folder is refused. */
export function openHome(folderName: string, options: HomeOptions = {}): Home {
  // Servers run in this folder, so it must be an absolute path.
  const dir = resolve(folderName)
  const signal = options.signal ?? new AbortController().signal
  const report = options.report ?? (() => {})
  const former = readState(dir)
  if (former === undefined && existsSync(dir) && readdirSync(dir).length > 0)
    throw new Error(`${dir} is not the folder of a stack; name an empty folder, or one that does not exist`)
  const state = former ?? { version: 1, services: {} }
  const folder = (name: string): string => {
    const path = join(dir, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }
  folder('logs')
  // Written first, so that `down` recognises the folder of a stack.
  writeState(dir, state)
  return {
    dir,
    state,
    signal,
    report,
    folder,
    tool: (name) => obtainTool(name, { report, signal }),
    save: () => writeState(dir, state),
  }
}
