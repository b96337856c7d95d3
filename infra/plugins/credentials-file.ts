import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { sha256Hex } from '../../core/values/derived-names.ts'

/** Files with credentials of locations, which plugins read: their configuration names the file. */
export interface CredentialFiles {
  /** Writes credentials, and returns the file's path: equal ones have one file, so that a file never changes. */
  write(credentials: Buffer): Promise<string>
  /** Removes all files. */
  close(): Promise<void>
}

/** Files that are kept: of credentials that are renewed all the time the old ones open nothing any more. */
const filesMax = 100

/** Keeps files with credentials in a folder of their own, which nobody but the worker's user may read. */
export function createCredentialFiles(): CredentialFiles {
  let folder: Promise<string> | undefined
  let written = 0
  const kept = new LRUCache<string, true>({
    max: filesMax,
    dispose: (_is, path, reason) => {
      if (reason === 'evict') void rm(path, { force: true }).catch(() => undefined)
    },
  })
  return {
    async write(credentials) {
      folder ??= mkdtemp(join(tmpdir(), 'drydock-credentials-'))
      const path = join(await folder, sha256Hex(credentials.toString('base64')).slice(0, 32))
      // A plugin may read the file in this moment: it sees all of it or, before the first time, no file.
      const next = `${path}.${written++}`
      await writeFile(next, credentials, { mode: 0o600 })
      await rename(next, path)
      kept.set(path, true)
      return path
    },
    async close() {
      if (folder !== undefined) await rm(await folder, { recursive: true, force: true })
    },
  }
}
