import type { Cluster } from '../../activities/ports.ts'
import { ApiError, isNotFound, isTransient, StoreError } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { SecretKeySelector } from '../../velero/backup.ts'

/** Where the Secrets of backup locations are: Velero reads them from its own namespace only. */
export interface SecretSource {
  cluster: Pick<Cluster, 'get'>
  namespace: string
}

/** Reads one key of a Secret. Fails with Velero's words, and as transient where the cluster gave no proper answer. */
export async function readSecretKey(source: SecretSource, selector: SecretKeySelector): Promise<Buffer> {
  const secret = await getSecret(source, selector.name)
  if (secret === undefined) throw failure(`Secret ${JSON.stringify(selector.name)} not found`)
  const data = secret['data'] as Record<string, string> | undefined | null
  const value = data?.[selector.key]
  if (value === undefined) {
    throw failure(`${JSON.stringify(selector.name)} secret is missing data for key ${JSON.stringify(selector.key)}`)
  }
  return Buffer.from(value, 'base64')
}

async function getSecret({ cluster, namespace }: SecretSource, name: string): Promise<Manifest | undefined> {
  try {
    return await cluster.get({ group: '', version: 'v1', resource: 'secrets', namespace, name })
  } catch (error) {
    if (isNotFound(error)) return undefined
    if (!(error instanceof ApiError)) throw error
    throw new StoreError(
      isTransient(error) ? 'unreachable' : 'credentials',
      `unable to get key for secret: ${error.message}`,
    )
  }
}

function failure(reason: string): StoreError {
  return new StoreError('credentials', `unable to get key for secret: ${reason}`)
}
