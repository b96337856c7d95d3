import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { cachedPath } from './cache-dir.ts'
import type { Tool } from './tools.ts'

/** What an earlier stack fetched or built, at exactly this version. */
export async function fromCache(tool: Tool): Promise<string | undefined> {
  const path = cachedPath(tool)
  return access(path, constants.X_OK).then(
    () => path,
    () => undefined,
  )
}
