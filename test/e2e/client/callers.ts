import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { drydockTaskQueue } from '../../../contract/restore-request.ts'
import type { RequestedOutcome, RestoreRequest } from '../../../contract/restore-request.ts'
import { clusterIdOf } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import type { TestCluster } from '../../kit/stack.ts'
import type { restoreAsChild, restoreByNexus } from './caller-workflows.ts'

/** A user's own worker, with workflows that restore as a step; `cancel` cancels the one by Nexus. */
export interface Callers {
  byNexus(request: RestoreRequest): Promise<{ result: () => Promise<RequestedOutcome>; cancel: () => Promise<unknown> }>
  asChild(request: RestoreRequest): Promise<RequestedOutcome>
}

/** Starts it, and makes a Nexus endpoint for the workers of the cluster. */
export async function startCallers(cluster: TestCluster): Promise<Callers> {
  const { address } = cluster.temporal
  const connection = await Connection.connect({ address })
  const client = new Client({ connection })
  const queue = drydockTaskQueue(await clusterIdOf(cluster), cluster.veleroNamespace)
  const taskQueue = `callers-${process.pid}`
  const endpoint = `drydock-${process.pid}`
  const target = { worker: { namespace: 'default', taskQueue: queue } }
  await connection.operatorService.createNexusEndpoint({ spec: { name: endpoint, target } })
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  const native = await NativeConnection.connect({ address })
  const workflowsPath = fileURLToPath(new URL('caller-workflows.ts', import.meta.url))
  const worker = await Worker.create({ connection: native, taskQueue, workflowsPath })
  const running = worker.run()
  whenFileIsOver(async () => {
    worker.shutdown()
    await running
    await native.close()
    await connection.close()
  })
  const startOf = (name: string | undefined) => ({ taskQueue, workflowId: `${taskQueue}-${name}` })
  return {
    byNexus: (request) =>
      client.workflow.start<typeof restoreByNexus>('restoreByNexus', {
        ...startOf(request.name),
        args: [endpoint, request],
      }),
    asChild: (request) =>
      client.workflow.execute<typeof restoreAsChild>('restoreAsChild', {
        ...startOf(request.name),
        args: [queue, request],
      }),
  }
}
