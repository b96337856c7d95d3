import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '../../core/values/derived-names.ts'

/** Files with credentials of locations, which plugins read: their configuration names the file. */
export interface CredentialFiles {
  /** Writes credentials, and returns the file's path: equal ones have one file, so that a file never changes. */
  write(credentials: Buffer): Promise<string>
  /** Removes all files. */
  close(): Promise<void>
}

/** Keeps files with credentials in a folder of their own, which nobody but the worker's user may read. */
export function createCredentialFiles(): CredentialFiles {
  let folder: Promise<string> | undefined
  return {
    async write(credentials) {
      folder ??= mkdtemp(join(tmpdir(), 'drydock-credentials-'))
      const path = join(await folder, sha256Hex(credentials.toString('base64')).slice(0, 32))
      await writeFile(path, credentials, { mode: 0o600 })
      return path
    },
    async close() {
      if (folder !== undefined) await rm(await folder, { recursive: true, force: true })
    },
  }
}
