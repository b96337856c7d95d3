import { Client, Connection } from '@temporalio/client'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import type { Restore } from '../../../velero/restore.ts'
import type { TestCluster } from '../../kit/stack.ts'

/** A payload in the history of a restore, as Temporal stores it. */
export interface StoredPayload {
  encoding: string
  /** The name of the key that has encrypted it; empty where none has. */
  key: string
}

/** All payloads in the history of a restore, but those that Temporal has to read itself: search attributes and markers of patches. */
export async function storedPayloads(cluster: TestCluster, restore: Restore): Promise<StoredPayload[]> {
  const connection = await Connection.connect({ address: cluster.temporal.address })
  try {
    const { name, namespace = '', uid = '' } = restore.metadata
    const handle = new Client({ connection }).workflow.getHandle(workflowIdOf({ name, namespace, uid }))
    return payloadsIn(await handle.fetchHistory())
  } finally {
    await connection.close()
  }
}

function payloadsIn(value: unknown): StoredPayload[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  const { metadata, data } = value as { metadata?: Record<string, unknown>; data?: unknown }
  if (data instanceof Uint8Array && metadata?.['encoding'] instanceof Uint8Array) {
    const text = (name: string) => Buffer.from((metadata[name] as Uint8Array | undefined) ?? []).toString()
    return [{ encoding: text('encoding'), key: text('encryption-key-id') }]
  }
  const own = ['searchAttributes', 'markerRecordedEventAttributes']
  return Object.entries(value).flatMap(([name, inner]) => (own.includes(name) ? [] : payloadsIn(inner)))
}
