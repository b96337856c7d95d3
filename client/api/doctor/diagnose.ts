import { taskQueueOf } from '../../../contract/task-queue.ts'
import type { Stores } from '../../../activities/ports.ts'
import { finding } from '../../../core/doctor/check.ts'
import type { Check, Subject } from '../../../core/doctor/check.ts'
import { judgeCluster, judgeVelero } from '../../../core/doctor/judge-cluster.ts'
import { judgeLocations } from '../../../core/doctor/judge-locations.ts'
import { judgeTemporal, judgeWorkers } from '../../../core/doctor/judge-temporal.ts'
import { connectTemporal, openConnections } from '../connections.ts'
import type { Connections, Temporal } from '../connections.ts'
import { explainError } from '../errors.ts'
import type { ConnectionOptions } from '../options.ts'
import { readCluster, readVelero } from './cluster-facts.ts'
import { readLocations } from './location-facts.ts'
import { readTemporal, readWorkers } from './temporal-facts.ts'

/**
 * Checks all that restores need: Temporal, the cluster and this user's rights, Velero, the buckets and the workers. Changes
 * nothing. Trouble of one part is a finding, and the other parts are checked all the same. Throws a `ClientError` only where
 * Temporal's configuration is wrong.
 */
export async function diagnose(
  options: ConnectionOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Check[]> {
  const temporal = await connectTemporal(options)
  try {
    const facts = await readTemporal(temporal)
    // Without its namespace, what follows from it would be one finding more.
    const usable = facts.reachable && facts.namespaceProblem === undefined ? temporal : unusable
    return [...judgeTemporal(facts), ...(await aboutCluster(options, usable, env))]
  } finally {
    if (temporal.reachable) await temporal.client.connection.close()
  }
}

const unusable: Temporal = { reachable: false, reason: 'its namespace cannot be used' }

async function aboutCluster(
  options: ConnectionOptions,
  temporal: Temporal,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Check[]> {
  let connections: Connections
  try {
    connections = await openConnections(options)
  } catch (thrown) {
    return judgeCluster({ reachable: false, reason: explainError(thrown).line })
  }
  try {
    const { createStores } = await import('../../../infra/store/open-store.ts')
    const { connection, namespace } = connections
    const stores = createStores({ cluster: connection.cluster, veleroNamespace: namespace, env })
    return await checkCluster(connections, temporal, stores)
  } finally {
    await connections.close()
  }
}

/** The checks of a cluster that answers, of its buckets and of its workers. */
export async function checkCluster(connections: Connections, temporal: Temporal, stores: Stores): Promise<Check[]> {
  const taskQueue = taskQueueOf(connections.connection.cluster.id, connections.namespace)
  const parts = await Promise.all([
    part('Kubernetes', async () => judgeCluster(await readCluster(connections))),
    part('Velero', async () => judgeVelero(await readVelero(connections))),
    part('bucket', async () => judgeLocations(await readLocations(connections, stores))),
    temporal.reachable
      ? part('workers', async () => judgeWorkers(await readWorkers(temporal, taskQueue, new Date())))
      : [],
  ])
  return parts.flat()
}

/** The checks of one part; what goes wrong in it is its finding. */
async function part(subject: Subject, check: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await check()
  } catch (thrown) {
    return [finding(subject, `cannot be checked: ${explainError(thrown).line}`, 'mend this first, then ask again')]
  }
}
