import type { Cluster, ObjectStore, Stores } from '../../activities/ports.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import { readCaCert, readCustomerKey } from './location-secrets.ts'
import type { SecretSource } from './location-secrets.ts'
import { readCredentials } from './credentials.ts'
import type { StoreCredentials } from './credentials.ts'
import { createIdentities } from './identities.ts'
import type { Identities } from './identities.ts'
import { readLocation, type LocationSettings } from './location-settings.ts'
import { createAgents, createClients, type Agents } from './s3-client.ts'
import { createS3Store } from './s3-store.ts'
import { describeEndpoint } from './store-failure.ts'

export interface StoresOptions {
  cluster: Pick<Cluster, 'get'>
  veleroNamespace: string
  /** The process environment: Velero's AWS plugin takes defaults for credentials, region and proxies from it. */
  env: Readonly<Record<string, string | undefined>>
  /** Told once of each thing in a location that has no effect. */
  warn?: (message: string) => void
}

/**
 * Opens backup storage locations as S3 buckets, by the keys of Velero's AWS plugin, so that a location that works
 * with Velero works here unchanged. Secrets are read afresh by each `open`, since they may be rotated at any time;
 * connections are shared by all stores with the same TLS settings.
 */
export function createStores({ cluster, veleroNamespace, env, warn }: StoresOptions): Stores {
  const secrets: SecretSource = { cluster, namespace: veleroNamespace }
  const around = { secrets, env, agents: createAgents(env), identities: createIdentities(), warn: once(warn) }
  return { open: (location) => openStore(location, around) }
}

interface Surroundings {
  secrets: SecretSource
  env: StoresOptions['env']
  agents: Agents
  identities: Identities
  warn: (message: string) => void
}

/** Tells each message once, since locations are opened all the time. */
export function once(warn: (message: string) => void = () => {}): (message: string) => void {
  const told = new Set<string>()
  return (message) => {
    if (!told.has(message)) warn(message)
    told.add(message)
  }
}

async function openStore(location: BackupStorageLocation, around: Surroundings): Promise<ObjectStore> {
  const settings = readLocation(location)
  for (const warning of settings.warnings)
    around.warn(`backup location ${JSON.stringify(location.metadata.name)}: ${warning}`)
  const caCert = await readCaCert(location, around.secrets)
  const credentials = await readCredentials(location, settings, around)
  const customerKey = await readCustomerKey(settings, around.secrets)
  const clients = createClients({
    settings,
    credentials,
    identities: around.identities,
    region: settings.region ?? regionOf(credentials) ?? around.env['AWS_REGION'] ?? around.env['AWS_DEFAULT_REGION'],
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
      secrets: credentials.from === 'chain' ? [] : credentials.secrets,
      ...(credentials.from === 'chain' ? { looked: credentials.looked } : {}),
    },
  })
}

function regionOf(credentials: StoreCredentials): string | undefined {
  return credentials.from === 'chain' ? undefined : credentials.region
}

function storeId(settings: LocationSettings): string {
  return [describeEndpoint(settings.endpoint), settings.bucket, settings.prefix].filter((part) => part !== '').join('/')
}
