import type { Client } from '@temporalio/client'
import { missingAttributes } from '../../../contract/search-attributes.ts'
import type { Poller, TemporalFacts, WorkerFacts } from '../../../core/doctor/judge-temporal.ts'
import type { Temporal } from '../connections.ts'
import { explainError } from '../errors.ts'

/** `TASK_QUEUE_TYPE_WORKFLOW` in Temporal's API: every worker of Drydock polls it. */
const workflowQueue = 1

/** Looks at Temporal and its namespace. */
export async function readTemporal(temporal: Temporal): Promise<TemporalFacts> {
  if (!temporal.reachable) return temporal
  const { client, namespace } = temporal
  const found = { reachable: true, address: addressOf(client), namespace } as const
  try {
    const { config } = await client.workflowService.describeNamespace({ namespace })
    const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? Number.NaN)
    return {
      ...found,
      missingAttributes: await missingAttributes(client, namespace).catch(() => undefined),
      ...(Number.isNaN(seconds) ? {} : { retentionDays: seconds / 86_400 }),
    }
  } catch (thrown) {
    return { ...found, namespaceProblem: explainError(thrown).line }
  }
}

function addressOf(client: Client): string {
  return (client.connection as { options?: { address?: string } }).options?.address ?? 'its address'
}

/** Looks at who polls a task queue. Throws Temporal's error. */
export async function readWorkers({ client, namespace }: Reached, taskQueue: string, now: Date): Promise<WorkerFacts> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: workflowQueue,
  })
  const found = (pollers ?? []).map(({ identity, lastAccessTime, deploymentOptions }): Poller => ({
    identity: identity ?? '',
    secondsAgo: now.getTime() / 1000 - Number(lastAccessTime?.seconds ?? 0),
    ...(deploymentOptions?.buildId ? { buildId: deploymentOptions.buildId } : {}),
    ...(deploymentOptions?.deploymentName ? { deployment: deploymentOptions.deploymentName } : {}),
  }))
  const deployments = [
    ...new Set(found.flatMap(({ buildId, deployment = '' }) => (buildId === undefined ? [] : [deployment]))),
  ]
  const current = deployments.map(async (name) => [name, await currentVersion({ client, namespace }, name)] as const)
  return { taskQueue, pollers: found, currentVersions: Object.fromEntries(await Promise.all(current)) }
}

interface Reached {
  client: Client
  namespace: string
}

async function currentVersion({ client, namespace }: Reached, deploymentName: string): Promise<string> {
  const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({ namespace, deploymentName })
  return workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? ''
}
