import { topLevelFolders } from '../../velero/object-keys.ts'
import { foldersAt, openBucket } from '../bucket.ts'
import type { BucketAddress } from '../stack-types.ts'

/** What a Velero server would write into a location's status. */
export type LocationVerdict = { phase: 'Available' } | { phase: 'Unavailable'; message: string }

/**
 * Validates a location as Velero does: the bucket answers, and has no unknown folder at its top. Without a Velero
 * server, nothing else would set the location to Available.
 */
export async function checkLocation(s3: BucketAddress, prefix = ''): Promise<LocationVerdict> {
  const client = openBucket(s3)
  try {
    const folders = await foldersAt(client, s3.bucket, prefix === '' ? '' : `${prefix}/`)
    const foreign = folders.filter((folder) => !topLevelFolders.includes(folder))
    if (foreign.length === 0) return { phase: 'Available' }
    return { phase: 'Unavailable', message: `folders that Velero does not know: ${foreign.sort().join(', ')}` }
  } catch (error) {
    return { phase: 'Unavailable', message: `the bucket does not answer: ${String(error)}` }
  } finally {
    client.destroy()
  }
}
