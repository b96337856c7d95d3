// Plain JavaScript: to read the first TypeScript file, Node loads a compiler, which it does without where all others are kept.
'use strict'
const { mkdirSync, statSync } = require('node:fs')
const { constants, enableCompileCache } = require('node:module')
const { homedir } = require('node:os')
const { isAbsolute, join } = require('node:path')

function codeCacheFolder(name, env) {
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

function keepCompiledCode(env) {
  const folder = codeCacheFolder('compiled', env)
  if (folder === undefined) return
  const { status } = enableCompileCache(folder)
  // Threads take it from here.
  if (status === constants.compileCacheStatus.ENABLED) env['NODE_COMPILE_CACHE'] ??= folder
}

/** A user whose home does not exist, as in many containers, gets none. */
function existing(folder) {
  statSync(folder)
  return folder
}

/** Whether only this user and the system's administrator can put files into a folder. Windows has no such modes. */
function isOwn(folder) {
  const { uid, mode } = statSync(folder)
  const own = process.getuid?.()
  if (own === undefined) return true
  const isWritableByOthers = (mode & 0o002) !== 0
  return (uid === own || uid === 0) && !isWritableByOthers
}

module.exports = { codeCacheFolder, keepCompiledCode }
