import type { Cluster, ObjectStore, Stores } from '../../activities/ports.ts'
import { StoreError } from '../../core/port-errors.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import { readCredentials } from './credentials.ts'
import { readCustomerKey } from './customer-key.ts'
import { readLocation, type LocationSettings } from './location-settings.ts'
import { createAgents, createClients, type Agents } from './s3-client.ts'
import { createS3Store } from './s3-store.ts'
import { readSecretKey, type SecretSource } from './secret-key.ts'
import { describeEndpoint } from './store-failure.ts'

export interface StoresOptions {
  cluster: Pick<Cluster, 'get'>
  veleroNamespace: string
  /** The process environment: Velero's AWS plugin takes defaults for credentials and region from it. */
  env: Readonly<Record<string, string | undefined>>
}

/**
 * Opens backup storage locations as S3 buckets, by the keys of Velero's AWS plugin, so that a location that works
 * with Velero works here unchanged. Secrets are read afresh by each `open`, since they may be rotated at any time;
 * connections are shared by all stores with the same TLS settings.
 */
export function createStores({ cluster, veleroNamespace, env }: StoresOptions): Stores {
  const secrets: SecretSource = { cluster, namespace: veleroNamespace }
  const agents = createAgents()
  return { open: (location) => openStore(location, { secrets, env, agents }) }
}

interface Surroundings {
  secrets: SecretSource
  env: StoresOptions['env']
  agents: Agents
}

async function openStore(location: BackupStorageLocation, around: Surroundings): Promise<ObjectStore> {
  const settings = readLocation(location)
  const caCert = await readCaCert(location, around.secrets)
  const credentials = await readCredentials(location, settings, around)
  const customerKey = await readCustomerKey(settings, around.secrets)
  const clients = createClients({
    settings,
    credentials,
    region: settings.region ?? credentials?.region ?? around.env['AWS_REGION'] ?? around.env['AWS_DEFAULT_REGION'],
    agents: around.agents.get({ caCert, insecureSkipTlsVerify: settings.insecureSkipTlsVerify }),
  })
  return createS3Store({
    id: storeId(settings),
    clients,
    root: settings.prefix === '' ? '' : `${settings.prefix}/`,
    upload: settings.upload,
    customerKey,
    place: {
      bucket: settings.bucket,
      endpoint: describeEndpoint(settings.endpoint),
      secrets: credentials?.secrets ?? [],
    },
  })
}

/** The reference wins over the inline certificate, as in Velero. */
async function readCaCert(location: BackupStorageLocation, secrets: SecretSource): Promise<string | undefined> {
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

function storeId(settings: LocationSettings): string {
  return [describeEndpoint(settings.endpoint), settings.bucket, settings.prefix].filter((part) => part !== '').join('/')
}
