import { mkdirSync, statSync } from 'node:fs'
import { constants, enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/**
 * A folder for code that is made once and loaded at each start: `drydock/NAME` in `XDG_CACHE_HOME` or `~/.cache`. Undefined where
 * it cannot be made, or where another user could write to it: code from there would run as this user.
 */
export function codeCacheFolder(name: 'compiled' | 'workflows', env: Env): string | undefined {
  const asked = env['XDG_CACHE_HOME'] ?? ''
  try {
    const root = isAbsolute(asked) ? asked : join(existing(env['HOME'] || homedir()), '.cache')
    const folder = join(root, 'drydock', name)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return [root, join(root, 'drydock'), folder].every(isOwn) ? folder : undefined
  } catch {
    return undefined
  }
}

/**
 * Keeps what Node makes of each module that is loaded from now on (TypeScript without its types, V8's byte code) for the next
 * start. Without a folder for it, every start makes it anew. `NODE_COMPILE_CACHE` names another folder, and
 * `NODE_DISABLE_COMPILE_CACHE` turns it off, as in every program on Node.
 */
export function keepCompiledCode(env: Record<string, string | undefined>): void {
  const folder = codeCacheFolder('compiled', env)
  if (folder === undefined) return
  const { status, directory } = enableCompileCache(folder)
  // Threads take it from here.
  if (status === constants.compileCacheStatus.ENABLED && directory !== undefined) env['NODE_COMPILE_CACHE'] ??= folder
}

/** A user whose home does not exist, as in many containers, gets none. */
function existing(folder: string): string {
  statSync(folder)
  return folder
}

/** Whether only this user and the system's administrator can put files into a folder. Windows has no such modes. */
function isOwn(folder: string): boolean {
  const { uid, mode } = statSync(folder)
  const own = process.getuid?.()
  if (own === undefined) return true
  const isWritableByOthers = (mode & 0o002) !== 0
  return (uid === own || uid === 0) && !isWritableByOthers
}
