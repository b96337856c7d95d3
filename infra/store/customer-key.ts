import { createHash } from 'node:crypto'
import { StoreError } from '../../core/port-errors.ts'
import type { LocationSettings } from './location-settings.ts'
import { readSecretKey, type SecretSource } from './secret-key.ts'

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
