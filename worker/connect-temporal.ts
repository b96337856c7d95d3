import { Client, Connection } from '@temporalio/client'
import type { ClientPlugin } from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { NativeConnection } from '@temporalio/worker'
import { channelArgs } from '../contract/connection-options.ts'
import { patiently } from './retry-start.ts'
import type { Patience } from './retry-start.ts'

/** Both connections of a worker to Temporal: one to poll, one to start and to ask. */
export interface TemporalDesk {
  connection: NativeConnection
  client: Client
  namespace: string
  address: string
  /** Fails unless Temporal answers within four seconds. */
  ping: () => Promise<void>
  close(): Promise<void>
}

const pingMs = 4000

/** Connects by the profile of the environment (`TEMPORAL_…`, `temporal.toml`) and sees that the namespace is there. */
export async function connectTemporal(patience: Patience, plugins: readonly ClientPlugin[]): Promise<TemporalDesk> {
  const { connectionOptions, namespace = 'default' } = loadProfile()
  const address = connectionOptions.address ?? 'localhost:7233'
  const what = `Temporal at ${address} does not answer`
  const patient = { ...patience, isFinal: isRefusal }
  const connection = await patiently(what, () => NativeConnection.connect(connectionOptions), patient)
  const clientConnection = await patiently(
    what,
    () => Connection.connect({ ...connectionOptions, channelArgs }),
    patient,
  )
  await patiently(
    `Temporal namespace "${namespace}" cannot be used`,
    () => clientConnection.workflowService.describeNamespace({ namespace }),
    patient,
  )
  return {
    connection,
    client: new Client({ connection: clientConnection, namespace, plugins: [...plugins] }),
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

/** Credentials that are refused now are refused in a second too. */
function isRefusal(thrown: unknown): boolean {
  return /unauthenticated|permission.?denied|certificate|unauthorized/i.test(String(thrown))
}
