import { Client, Connection } from '@temporalio/client'
import type { ClientPlugin } from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { Log } from '../../activities/ports.ts'
import { connectCluster } from '../../infra/cluster/connect.ts'
import type { ClusterConnection } from '../../infra/cluster/connect.ts'
import { channelArgs } from '../../contract/connection-options.ts'
import { ClientError } from './client-error.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { oneLine } from './errors.ts'

/** Where the user's cluster and Temporal are; whatever is absent is found as kubectl and the Temporal CLI find it. */
export interface ConnectionOptions {
  kubeconfig?: string | undefined
  context?: string | undefined
  /** Velero's namespace; `VELERO_NAMESPACE` or `velero` where it is absent. */
  namespace?: string | undefined
  /** A profile of Temporal's configuration file. */
  profile?: string | undefined
  /** Plugins of Temporal's client, e.g. one that traces. */
  plugins?: readonly ClientPlugin[] | undefined
  /** Tells what goes on underneath. */
  verbose?: ((line: string) => void) | undefined
}

/** Temporal, or why it is not there. The client does what it can without. */
export type TemporalLink = { do: 'use'; client: Client; namespace: string } | { do: 'without'; why: string }

/** The two servers a client talks to, with the user's own credentials. */
export interface Connections {
  /** Velero's namespace. */
  readonly namespace: string
  readonly connection: ClusterConnection
  /** Connecting to Temporal begins with the cluster's and is awaited where it is needed. */
  temporal(): Promise<TemporalLink>
  close(): Promise<void>
}

/** Without a server the SDK waits for one this long. */
const temporalPatience = '4s'

/**
 * Connects to the cluster, and meanwhile to Temporal. A configuration that is wrong throws at once; a Temporal that
 * does not answer only shows when it is asked for.
 */
export async function openConnections(options: ConnectionOptions): Promise<Connections> {
  const link = connectTemporal(options)
  const closeTemporal = async () => {
    const temporal = await link
    if (temporal.do === 'use') await temporal.client.connection.close()
  }
  try {
    const connection = await connectCluster({
      kubeconfig: options.kubeconfig,
      context: options.context,
      log: quietLog(options.verbose),
      requestTimeoutSeconds: 10,
      connectionsMax: 8,
    })
    return {
      namespace: veleroNamespace(options),
      connection,
      temporal: () => link,
      close: async () => {
        await connection.close()
        await closeTemporal()
      },
    }
  } catch (thrown) {
    await closeTemporal()
    throw thrown
  }
}

/** Velero's namespace as the options and the environment say. */
export function veleroNamespace(options: Pick<ConnectionOptions, 'namespace'>): string {
  return options.namespace ?? (process.env['VELERO_NAMESPACE'] || 'velero')
}

/** Connects by Temporal's own profiles and variables. Never rejects but for a wrong configuration. */
export function connectTemporal(options: Pick<ConnectionOptions, 'profile' | 'plugins'>): Promise<TemporalLink> {
  const plugins = [...(options.plugins ?? [])]
  const { connectionOptions, namespace = 'default' } = readProfile(options.profile)
  const address = connectionOptions.address ?? 'localhost:7233'
  return Connection.connect({ ...connectionOptions, connectTimeout: temporalPatience, channelArgs }).then(
    (connection): TemporalLink => ({ do: 'use', client: new Client({ connection, namespace, plugins }), namespace }),
    (thrown: unknown): TemporalLink => ({
      do: 'without',
      why: oneLine(
        `Temporal at ${address} does not answer: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      ),
    }),
  )
}

/** Temporal itself, where a command cannot do without. */
export async function requireTemporal(link: Promise<TemporalLink>): Promise<Extract<TemporalLink, { do: 'use' }>> {
  const temporal = await link
  if (temporal.do === 'without') throw new ClientError(exitCodes.temporalUnreachable, temporal.why)
  return temporal
}

function readProfile(profile: string | undefined): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig(profile === undefined ? {} : { profile })
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new ClientError(exitCodes.usage, oneLine(`Temporal's configuration cannot be used: ${why}`), {
      cause: thrown,
    })
  }
}

function quietLog(verbose: ((line: string) => void) | undefined): Log {
  const at = (message: string, fields?: Record<string, unknown>) =>
    verbose?.(fields === undefined ? message : `${message} ${JSON.stringify(fields)}`)
  return { debug: at, info: at, warn: at, error: at }
}
