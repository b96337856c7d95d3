import { HeadBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { getCACertificates } from 'node:tls'
import type { StaticCredentials, StoreCredentials } from './credentials.ts'
import type { Identities } from './identities.ts'
import type { LocationSettings } from './location-settings.ts'

/** The clients of one location: addresses for others may need another endpoint than our own requests. */
export interface S3Clients {
  main: S3Client
  presigning: S3Client
}

export interface ClientOptions {
  settings: LocationSettings
  credentials: StoreCredentials
  identities: Identities
  region: string | undefined
  agents: AgentPair
}

/**
 * Makes the clients of a location; no request is made. Every wait is bounded: to connect, to be answered, and
 * between two packets; three attempts in all, after which the caller's own retries take over.
 */
export function createClients({ settings, credentials, identities, region, agents }: ClientOptions): S3Clients {
  const base: S3ClientConfig = {
    forcePathStyle: settings.forcePathStyle,
    maxAttempts: 3,
    requestHandler: {
      ...agents,
      connectionTimeout: 5_000,
      requestTimeout: 60_000,
      throwOnRequestTimeout: true,
      socketTimeout: 30_000,
    },
    // Only where asked for: several S3 servers refuse requests with checksums that they did not expect.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  }
  const around = { ...base, ...(region === undefined ? {} : { region }) }
  const config: S3ClientConfig = {
    ...base,
    credentials: credentials.from === 'keys' ? toIdentity(credentials) : identities.get(credentials, around),
  }
  const endpoint = settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }
  const main = new S3Client({
    ...config,
    ...endpoint,
    region: region ?? defaultRegion({ ...config, ...endpoint }, settings),
  })
  if (settings.publicEndpoint === undefined) return { main, presigning: main }
  const publicConfig = { ...config, endpoint: settings.publicEndpoint, region: () => main.config.region() }
  return { main, presigning: new S3Client(publicConfig) }
}

function toIdentity({
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: StaticCredentials): NonNullable<S3ClientConfig['credentials']> {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}

/** With an endpoint of its own any region will do; AWS itself is asked where the bucket is, once, with the first request. */
function defaultRegion(
  config: S3ClientConfig,
  { endpoint, bucket }: LocationSettings,
): string | (() => Promise<string>) {
  const anyRegion = 'us-east-1'
  if (endpoint !== undefined) return anyRegion
  let found: Promise<string> | undefined
  const lookUp = async (): Promise<string> => {
    const client = new S3Client({ ...config, region: anyRegion, followRegionRedirects: true })
    const { BucketRegion } = await client.send(new HeadBucketCommand({ Bucket: bucket }))
    return BucketRegion ?? anyRegion
  }
  return () => {
    found ??= lookUp().catch((error: unknown) => {
      found = undefined
      throw error
    })
    return found
  }
}

/** Connection pools by TLS settings. */
export interface Agents {
  get(tls: TlsSettings): AgentPair
}

/** The variables of a proxy. */
export type ProxyEnv = Readonly<Record<string, string | undefined>>

interface TlsSettings {
  caCert: string | undefined
  insecureSkipTlsVerify: boolean
}

export interface AgentPair {
  httpAgent: HttpAgent
  httpsAgent: HttpsAgent
}

/**
 * Keeps one bounded pool of kept-alive connections per TLS setting: locations are opened for every activity, and a
 * pool each would leave sockets behind and pay a handshake each time.
 */
export function createAgents(env: ProxyEnv): Agents {
  const pools = new Map<string, AgentPair>()
  return {
    get(tls) {
      const key = createHash('sha256')
        .update(`${tls.insecureSkipTlsVerify}\n${tls.caCert ?? ''}`)
        .digest('hex')
      const pool = pools.get(key) ?? createPair(tls, env)
      pools.set(key, pool)
      return pool
    },
  }
}

const socketsMax = 64

/** Node's own agents go through the proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in either case of letters. */
function createPair({ caCert, insecureSkipTlsVerify }: TlsSettings, proxyEnv: ProxyEnv): AgentPair {
  const pool = { keepAlive: true, maxSockets: socketsMax, maxFreeSockets: 16, proxyEnv }
  return {
    httpAgent: new HttpAgent(pool),
    httpsAgent: new HttpsAgent({
      ...pool,
      rejectUnauthorized: !insecureSkipTlsVerify,
      // The location's certificate comes on top of the machine's, as in Velero.
      ...(caCert === undefined ? {} : { ca: [...getCACertificates('default'), caCert] }),
    }),
  }
}
