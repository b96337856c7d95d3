import { DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import { isStoreTransient, type StoreError } from '../../core/port-errors.ts'

export interface Removal {
  Bucket: string
  removeOne: (key: string) => Promise<void>
  failure: (error: unknown) => StoreError
}

/**
 * Removes objects a thousand at a time; what a batch did not remove is removed one by one, since several S3 servers
 * and gateways know no batches.
 */
export async function removeObjects(client: S3Client, keys: readonly string[], removal: Removal): Promise<void> {
  for (let start = 0; start < keys.length; start += batchMax) {
    const batch = keys.slice(start, start + batchMax)
    const left = batch.length === 1 ? batch : await removeBatch(client, batch, removal)
    const limit = pLimit(8)
    await Promise.all(left.map((key) => limit(() => removal.removeOne(key))))
  }
}

const batchMax = 1000

/** The keys that are still to be removed. */
async function removeBatch(client: S3Client, batch: readonly string[], removal: Removal): Promise<readonly string[]> {
  const { Bucket, failure } = removal
  try {
    const Delete = { Objects: batch.map((Key) => ({ Key })), Quiet: true }
    const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }))
    const refused = new Set(Errors.map(({ Key }) => Key))
    return batch.filter((key) => refused.has(key))
  } catch (error) {
    const trouble = failure(error)
    if (isStoreTransient(trouble) || trouble.kind === 'no-bucket' || trouble.kind === 'credentials') throw trouble
    return batch
  }
}
