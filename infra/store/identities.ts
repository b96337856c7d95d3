import { S3Client } from '@aws-sdk/client-s3'
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChainCredentials, RoleCredentials } from './credentials.ts'

/** Gives credentials, and others before they expire. */
export type Identity = S3Client['config']['credentials']

/** Identities that AWS gives out, by what they are asked with. */
export interface Identities {
  get(credentials: RoleCredentials | ChainCredentials, config: S3ClientConfig): Identity
}

/** More than a process has locations; the oldest goes. A Secret that is rotated makes a new one. */
const keptMax = 64

/**
 * Keeps the identities of a process. Locations are opened for every activity, and each would ask AWS's token service or the
 * machine's metadata again. The clients that are kept send no request to a bucket: they hold the credentials until shortly
 * before these expire, and ask for new ones with the same proxy, certificates and region as the bucket.
 */
export function createIdentities(): Identities {
  const kept = new Map<string, Identity>()
  return {
    get(credentials, { region, requestHandler, ...rest }) {
      const { maxAttempts } = rest
      const parts = [credentials.from, credentials.profile ?? '', credentials.from === 'role' ? credentials.text : '']
      const key = createHash('sha256')
        .update(JSON.stringify([...parts, region, idOf(requestHandler)]))
        .digest('hex')
      const found = kept.get(key)
      if (found !== undefined) return found
      const client = new S3Client({
        ...(maxAttempts === undefined ? {} : { maxAttempts }),
        ...(requestHandler === undefined ? {} : { requestHandler }),
        region: region ?? 'us-east-1',
        ...(credentials.from === 'role' ? { credentials: roleProvider(credentials) } : {}),
        ...(credentials.from === 'chain' && credentials.profile !== undefined ? { profile: credentials.profile } : {}),
      })
      if (kept.size >= keptMax) kept.delete(kept.keys().next().value ?? '')
      kept.set(key, client.config.credentials)
      return client.config.credentials
    },
  }
}

const ids = new WeakMap<object, number>()
let idsGiven = 0

/** A number for the connection pool that requests go through, which differs by certificate and trust. */
function idOf(requestHandler: S3ClientConfig['requestHandler']): number {
  const pool = (requestHandler as { httpsAgent?: object } | undefined)?.httpsAgent
  if (pool === undefined) return 0
  const id = ids.get(pool) ?? (idsGiven += 1)
  ids.set(pool, id)
  return id
}

/**
 * Resolves a profile with a role. The SDK reads profiles from files only, so the text is on disk while it is asked, as in Velero,
 * in a folder that nobody else may read.
 */
function roleProvider({ text, profile }: RoleCredentials): NonNullable<S3ClientConfig['credentials']> {
  return async (properties?: Parameters<ReturnType<typeof import('@aws-sdk/credential-provider-ini').fromIni>>[0]) => {
    const { fromIni } = await import('@aws-sdk/credential-provider-ini')
    const folder = await mkdtemp(join(tmpdir(), 'drydock-profile-'))
    try {
      const filepath = join(folder, 'credentials')
      await writeFile(filepath, text, { mode: 0o600 })
      return await fromIni({ profile, filepath, configFilepath: filepath, ignoreCache: true })(properties)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}
