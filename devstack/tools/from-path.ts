import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Tool } from './tools.ts'

const run = promisify(execFile)

/**
 * A binary on PATH, unless it says that it is of another version: it was put there for something else, and a stack
 * of versions that were never tried together is worth nothing. The environment variable takes any version.
 */
export async function fromPath(tool: Tool): Promise<string | undefined> {
  for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(dir, tool.name)
    if (dir !== '' && (await isExecutable(path))) return checked(tool, path)
  }
  return undefined
}

async function checked(tool: Tool, path: string): Promise<string> {
  if (tool.versionCheck === undefined) return path
  const { stdout, stderr } = await run(path, tool.versionCheck.args, { timeout: 10_000 })
  const text = (stdout + stderr).trim()
  if (tool.versionCheck.pattern.test(text)) return path
  throw new Error(`${path} is of another version (${text.split('\n')[0]})`)
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
