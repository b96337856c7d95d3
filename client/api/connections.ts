import type { Client, ClientPlugin } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import type * as envconfig from '@temporalio/envconfig'
import type { Log } from '../../activities/ports.ts'
import { channelArgs } from '../../contract/connection-options.ts'
import type { ClusterConnection } from '../../infra/cluster/connect.ts'
import { ClientError, exitCodes, messageOf, oneLine } from './errors.ts'
import type { ConnectionOptions } from './options.ts'

export type { ConnectionOptions } from './options.ts'

/** Temporal's client, or why Temporal cannot be reached. */
export type Temporal = { reachable: true; client: Client; namespace: string } | { reachable: false; reason: string }

/** The connections of a client to the cluster and to Temporal, with the user's own credentials. */
export interface Connections {
  /** Velero's namespace. */
  readonly namespace: string
  readonly connection: ClusterConnection
  /** Connects to Temporal with its first call. Rejects with a `ClientError` where its configuration is wrong, and only there. */
  temporal(): Promise<Temporal>
  close(): Promise<void>
}

const temporalConnectTimeout = '4s'
/** No Lease bounds a write of a client, so it may take as long as the API server lets it. */
const clusterRequestSeconds = 60

/**
 * Connects to the cluster. Throws where it cannot be reached (`ApiError`) or its configuration is wrong (`ClientError`). Temporal
 * is connected to when it is needed: its library takes longer to load than a list of Restores takes in all.
 */
export async function openConnections(options: ConnectionOptions): Promise<Connections> {
  // A profile that is asked for has to exist, whatever the command.
  if (options.profile !== undefined) await readProfile(options.profile)
  let temporal: Promise<Temporal> | undefined
  // Loaded only now: the help does without it.
  const { connectCluster, KubeconfigError } = await import('../../infra/cluster/connect.ts')
  try {
    const connection = await connectCluster({
      // As with kubectl, an empty text is no choice.
      kubeconfig: options.kubeconfig || undefined,
      context: options.context || undefined,
      log: logTo(options.verbose),
      requestTimeoutSeconds: clusterRequestSeconds,
      connectionsMax: 8,
    })
    return {
      namespace: veleroNamespace(options),
      connection,
      temporal: () => (temporal ??= connectTemporal(options)),
      close: async () => {
        await connection.close()
        // One that could not be made needs no close.
        const connected = await temporal?.catch(() => undefined)
        if (connected?.reachable === true) await connected.client.connection.close()
      },
    }
  } catch (thrown) {
    if (thrown instanceof KubeconfigError)
      throw new ClientError(exitCodes.usage, oneLine(thrown.message), { cause: thrown })
    throw thrown
  }
}

/** Velero's namespace by options and environment. */
export function veleroNamespace(options: Pick<ConnectionOptions, 'namespace'>): string {
  return options.namespace ?? (process.env['VELERO_NAMESPACE'] || 'velero')
}

/** Connects to Temporal by its profile and variables. Rejects with a `ClientError` where these are wrong, and only there. */
export async function connectTemporal(options: Pick<ConnectionOptions, 'profile' | 'plugins'>): Promise<Temporal> {
  const plugins = [...(options.plugins ?? [])] as ClientPlugin[]
  const { connectionOptions, namespace = 'default' } = await readProfile(options.profile)
  const { Client, Connection } = await import('@temporalio/client')
  const dataConverter = { payloadCodecs: [await readCodec()] }
  const address = connectionOptions.address ?? 'localhost:7233'
  return Connection.connect({ ...connectionOptions, connectTimeout: temporalConnectTimeout, channelArgs }).then(
    (connection): Temporal => ({
      reachable: true,
      client: new Client({ connection, namespace, plugins, dataConverter }),
      namespace,
    }),
    (thrown: unknown): Temporal => ({
      reachable: false,
      reason: oneLine(`Temporal at ${address} does not answer: ${messageOf(thrown)}`),
    }),
  )
}

/** The connected Temporal; throws a `ClientError` where it cannot be reached. */
export async function requireTemporal(connecting: Promise<Temporal>): Promise<Extract<Temporal, { reachable: true }>> {
  const temporal = await connecting
  if (!temporal.reachable) throw new ClientError(exitCodes.temporalUnreachable, temporal.reason)
  return temporal
}

/** The address of a workflow in Temporal's Web UI; undefined unless `DRYDOCK_UI_URL` says where the Web UI is. */
export function webUiLink(
  env: Readonly<Record<string, string | undefined>>,
  temporal: Temporal,
  workflowId: string,
): string | undefined {
  const base = env['DRYDOCK_UI_URL']
  if (base === undefined || base === '' || !temporal.reachable) return undefined
  return `${base.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(temporal.namespace)}/workflows/${encodeURIComponent(workflowId)}`
}

/** What the workers encrypt is read with their keys. */
async function readCodec(): Promise<PayloadCodec> {
  const { openCodec, plainCodec } = await import('../../infra/codec/encrypting-codec.ts')
  const file = process.env['DRYDOCK_CODEC_KEYS_FILE']
  try {
    return file === undefined || file === '' ? plainCodec : openCodec(file)
  } catch (thrown) {
    throw new ClientError(exitCodes.usage, oneLine(messageOf(thrown)), { cause: thrown })
  }
}

async function readProfile(profile: string | undefined): Promise<ReturnType<typeof envconfig.loadClientConnectConfig>> {
  const { loadClientConnectConfig } = await import('@temporalio/envconfig')
  try {
    return loadClientConnectConfig(profile === undefined ? {} : { profile })
  } catch (thrown) {
    throw new ClientError(exitCodes.usage, oneLine(`Temporal's configuration cannot be used: ${messageOf(thrown)}`), {
      cause: thrown,
    })
  }
}

function logTo(verbose: ((line: string) => void) | undefined): Log {
  const write = (message: string, fields?: Record<string, unknown>) =>
    verbose?.(fields === undefined ? message : `${message} ${JSON.stringify(fields)}`)
  return { debug: write, info: write, warn: write, error: write }
}
