import { Client, Connection } from '@temporalio/client'

/** Waits until a workflow has closed, and counts the events of its history, over all runs of its chain. */
export async function countEvents(address: string, workflowId: string): Promise<number> {
  const connection = await Connection.connect({ address })
  try {
    const { workflow } = new Client({ connection })
    await workflow.result(workflowId).catch(() => {})
    const runs = new Set<string>()
    for await (const { runId } of workflow.list({ query: `WorkflowId = "${workflowId}"` })) runs.add(runId)
    runs.add((await workflow.getHandle(workflowId).describe()).runId)
    const lengths = [...runs].map(async (run) => (await workflow.getHandle(workflowId, run).describe()).historyLength)
    return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0)
  } finally {
    await connection.close()
  }
}
