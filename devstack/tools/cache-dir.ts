import { homedir } from 'node:os'
import { join } from 'node:path'

/** The cache of tools. It is the only thing that `down` leaves. */
export function cacheDir(): string {
  return process.env['DRYDOCK_CACHE_DIR'] ?? join(homedir(), '.cache', 'drydock')
}

/**
 * A tool's place in the cache. The version is in the folder, so that a newer stack does not take an older binary, and
 * not in the file: Kubernetes' programs and Velero sign what they write with the name of their own file.
 */
export function cachedPath(tool: { name: string; version: string }): string {
  return join(cacheDir(), `${tool.name}-${tool.version}`, tool.name)
}
