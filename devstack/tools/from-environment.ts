import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import type { Tool } from './tools.ts'

/** The binary that the user named, at whatever version. One that cannot run is an error, not a reason to look elsewhere. */
export async function fromEnvironment(tool: Tool): Promise<string | undefined> {
  const path = process.env[tool.environment]
  if (path === undefined || path === '') return undefined
  await access(path, constants.X_OK).catch((error: unknown) => {
    throw new Error(`${tool.environment} names ${path}, which cannot be run`, { cause: error })
  })
  return path
}
