import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'
import { isExecutable, placesOnPath } from '../../infra/programs.ts'
import { cachedPath } from './cache-dir.ts'
import type { Tool } from './tools.ts'

const run = promisify(execFile)

/** The binary that the user named, of any version. If it cannot be run, that is an error: no other place is tried. */
export async function fromEnvironment(tool: Tool): Promise<string | undefined> {
  const path = process.env[tool.environment]
  if (path === undefined || path === '') return undefined
  await access(path, constants.X_OK).catch((error: unknown) => {
    throw new Error(`${tool.environment} names ${path}, which cannot be run`, { cause: error })
  })
  return path
}

/** What an earlier stack fetched or built, of exactly this version. */
export async function fromCache(tool: Tool): Promise<string | undefined> {
  const path = cachedPath(tool)
  return isExecutable(path) ? path : undefined
}

/**
 * A binary on PATH. One of another version is refused: the versions of a stack are those that were tested together.
 * The tool's environment variable accepts any version.
 */
export async function fromPath(tool: Tool): Promise<string | undefined> {
  const path = placesOnPath([tool.name], process.env['PATH']).find(isExecutable)
  return path === undefined ? undefined : checked(tool, path)
}

async function checked(tool: Tool, path: string): Promise<string> {
  if (tool.versionCheck === undefined) return path
  const { stdout, stderr } = await run(path, tool.versionCheck.args, { timeout: 10_000 })
  const text = (stdout + stderr).trim()
  if (tool.versionCheck.pattern.test(text)) return path
  throw new Error(`${path} has another version (${text.split('\n')[0]})`)
}
