import { createHash } from 'node:crypto'
import type { Cluster } from '../../activities/ports.ts'
import { ApiError, isNotFound, isTransient, StoreError } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { BackupStorageLocation, SecretKeySelector } from '../../velero/backup.ts'
import type { LocationSettings } from './location-settings.ts'

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

/** The certificates of a location as PEM, where it has some. The reference wins over the inline ones, as in Velero. */
export async function readCaCert(location: BackupStorageLocation, secrets: SecretSource): Promise<string | undefined> {
  const { caCert, caCertRef } = location.spec.objectStorage ?? {}
  if (caCertRef !== undefined) {
    try {
      return (await readSecretKey(secrets, caCertRef)).toString('utf8')
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      throw new StoreError(error.kind, `error getting CA certificate from secret: ${error.message}`, { cause: error })
    }
  }
  return caCert === undefined || caCert === '' ? undefined : Buffer.from(caCert, 'base64').toString('utf8')
}

/** Request fields for objects that are encrypted with the customer's own key; they go with reads as well as with writes. */
export interface CustomerKey {
  SSECustomerAlgorithm: 'AES256'
  SSECustomerKey: string
  SSECustomerKeyMD5: string
}

/** Reads the key that the bucket's objects are encrypted with, where the location names one (SSE-C). */
export async function readCustomerKey(
  settings: LocationSettings,
  secrets: SecretSource,
): Promise<CustomerKey | undefined> {
  if (settings.customerKeySecret !== undefined)
    return asRequest(await readKeySecret(settings.customerKeySecret, secrets))
  return undefined
}

const keyBytes = 32

async function readKeySecret(reference: string, secrets: SecretSource): Promise<Buffer> {
  const [name, key, ...rest] = reference.split('/')
  if (!name || !key || rest.length > 0)
    throw invalid(`invalid secret reference format: ${reference}, expected secretName/key`)
  const content = await readSecretKey(secrets, { name, key })
  if (content.length === keyBytes) return content
  throw invalid(
    `customer key from secret ${secrets.namespace}/${name}/${key} must be exactly 32 bytes, got ${content.length} bytes`,
  )
}

function asRequest(key: Buffer): CustomerKey {
  return {
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: key.toString('base64'),
    SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
  }
}

function invalid(message: string): StoreError {
  return new StoreError('location', message)
}
