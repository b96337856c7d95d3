import { Client, Connection } from '@temporalio/client'
import type { ClientPlugin } from '@temporalio/client'
import type { DataConverter } from '@temporalio/common'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { NativeConnection } from '@temporalio/worker'
import { channelArgs } from '../contract/connection-options.ts'
import { openCodec } from '../infra/codec/encrypting-codec.ts'
import { retryStart } from './retry-start.ts'
import type { StartRetry } from './retry-start.ts'

/** The two connections of a worker to Temporal: one polls for tasks, one starts and queries workflows. */
export interface TemporalConnection {
  connection: NativeConnection
  client: Client
  /** How payloads are encrypted; undefined: not at all. */
  dataConverter: DataConverter | undefined
  namespace: string
  address: string
  /** Throws unless Temporal answers within four seconds. */
  ping: () => Promise<void>
  close(): Promise<void>
}

const pingMs = 4000

/** Connects as the environment says (`TEMPORAL_…`, `temporal.toml`), and checks that the namespace exists. Throws a `CodecKeyError` where its keys cannot be read. */
export async function connectTemporal(
  start: StartRetry,
  { plugins, codecKeysFile }: { plugins: readonly ClientPlugin[]; codecKeysFile: string | undefined },
): Promise<TemporalConnection> {
  const dataConverter = codecKeysFile === undefined ? undefined : { payloadCodecs: [openCodec(codecKeysFile)] }
  const { connectionOptions, namespace = 'default' } = loadProfile()
  const address = connectionOptions.address ?? 'localhost:7233'
  const what = `Temporal at ${address} does not answer`
  const retry = { ...start, isFinal: isRefusal }
  const connection = await retryStart(what, () => NativeConnection.connect(connectionOptions), retry)
  const clientConnection = await retryStart(
    what,
    () => Connection.connect({ ...connectionOptions, channelArgs }),
    retry,
  )
  await retryStart(
    `Temporal namespace "${namespace}" cannot be used`,
    () => clientConnection.workflowService.describeNamespace({ namespace }),
    retry,
  )
  return {
    connection,
    client: new Client({
      connection: clientConnection,
      namespace,
      plugins: [...plugins],
      ...(dataConverter === undefined ? {} : { dataConverter }),
    }),
    dataConverter,
    namespace,
    address,
    async ping() {
      await clientConnection.withDeadline(Date.now() + pingMs, () => clientConnection.workflowService.getSystemInfo({}))
    },
    async close() {
      await clientConnection.close()
      await connection.close()
    },
  }
}

function loadProfile(): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig()
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new Error(`the profile for Temporal cannot be read: ${why}`, { cause: thrown })
  }
}

/** Credentials that are refused now will be refused in a second too. */
function isRefusal(thrown: unknown): boolean {
  return /unauthenticated|permission.?denied|certificate|unauthorized/i.test(String(thrown))
}
