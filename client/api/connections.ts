import { Client, Connection } from '@temporalio/client'
import type { ClientPlugin } from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { Log } from '../../activities/ports.ts'
import { channelArgs } from '../../contract/connection-options.ts'
import type { ClusterConnection } from '../../infra/cluster/connect.ts'
import { ClientError, exitCodes, messageOf, oneLine } from './errors.ts'

/** Where the cluster and Temporal are. What is absent is found as kubectl and Temporal's own command line find it. */
export interface ConnectionOptions {
  /** Path of a kubeconfig; without it `KUBECONFIG`, `~/.kube/config`, or the pod's service account. */
  kubeconfig?: string | undefined
  /** A context of the kubeconfig. */
  context?: string | undefined
  /** Velero's namespace; without it `VELERO_NAMESPACE`, or `velero`. */
  namespace?: string | undefined
  /** A profile of Temporal's configuration file; `TEMPORAL_…` variables override it. */
  profile?: string | undefined
  /** Plugins of Temporal's client, for instance one that traces. */
  plugins?: readonly ClientPlugin[] | undefined
  /** Receives log lines about the connection to the cluster. */
  verbose?: ((line: string) => void) | undefined
}

/** Temporal's client, or why Temporal cannot be reached. */
export type Temporal = { reachable: true; client: Client; namespace: string } | { reachable: false; reason: string }

/** The connections of a client to the cluster and to Temporal, with the user's own credentials. */
export interface Connections {
  /** Velero's namespace. */
  readonly namespace: string
  readonly connection: ClusterConnection
  /** Waits for the connection to Temporal. Never rejects. */
  temporal(): Promise<Temporal>
  close(): Promise<void>
}

const temporalConnectTimeout = '4s'
/** No Lease bounds a write of a client, so it may take as long as the API server lets it. */
const clusterRequestSeconds = 60

/**
 * Connects to the cluster and to Temporal at the same time. Throws where the cluster cannot be reached (`ApiError`) or a
 * configuration is wrong (`ClientError`); whether Temporal can be reached is known only once `temporal()` is awaited.
 */
export async function openConnections(options: ConnectionOptions): Promise<Connections> {
  const temporal = connectTemporal(options)
  // Loaded only now: Kubernetes' client library takes longer to load than all the rest, and the help does without it.
  const { connectCluster, KubeconfigError } = await import('../../infra/cluster/connect.ts')
  const closeTemporal = async () => {
    const connected = await temporal
    if (connected.reachable) await connected.client.connection.close()
  }
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
      temporal: () => temporal,
      close: async () => {
        await connection.close()
        await closeTemporal()
      },
    }
  } catch (thrown) {
    await closeTemporal()
    if (thrown instanceof KubeconfigError)
      throw new ClientError(exitCodes.usage, oneLine(thrown.message), { cause: thrown })
    throw thrown
  }
}

/** Velero's namespace by options and environment. */
export function veleroNamespace(options: Pick<ConnectionOptions, 'namespace'>): string {
  return options.namespace ?? (process.env['VELERO_NAMESPACE'] || 'velero')
}

/** Connects to Temporal by its profile and variables. Throws a `ClientError` where these are wrong; never rejects. */
export function connectTemporal(options: Pick<ConnectionOptions, 'profile' | 'plugins'>): Promise<Temporal> {
  const plugins = [...(options.plugins ?? [])]
  const { connectionOptions, namespace = 'default' } = readProfile(options.profile)
  const address = connectionOptions.address ?? 'localhost:7233'
  return Connection.connect({ ...connectionOptions, connectTimeout: temporalConnectTimeout, channelArgs }).then(
    (connection): Temporal => ({
      reachable: true,
      client: new Client({ connection, namespace, plugins }),
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

function readProfile(profile: string | undefined): ReturnType<typeof loadClientConnectConfig> {
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
