import { readFile, readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import type { BucketAddress } from './stack-types.ts'

/** Opens a bucket's server; whoever opens it calls `destroy` on it. */
export function openBucket(s3: BucketAddress): S3Client {
  return new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  })
}

/** The keys of a bucket as the AWS SDKs and Velero read them from a file. */
export function credentialsFileOf({ accessKey, secretKey }: BucketAddress): string {
  return `[default]\naws_access_key_id=${accessKey}\naws_secret_access_key=${secretKey}\n`
}

/** Creates the bucket if it does not exist. */
export async function makeBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } catch (error) {
    const there = error instanceof S3ServiceException && error.name.startsWith('BucketAlready')
    if (!there) throw error
  }
}

/**
 * Uploads every file below a folder under the same names below `prefix`, and returns the keys. It goes through the S3
 * API, since files that are copied into the server's folder have no S3 metadata.
 */
export async function uploadFolder(s3: BucketAddress, fromDir: string, prefix: string): Promise<string[]> {
  const client = openBucket(s3)
  try {
    const files = await filesBelow(fromDir)
    const keys = files.map((file) => prefix + relative(fromDir, file).split(sep).join('/'))
    await Promise.all(
      files.map(async (file, at) => {
        const Body = await readFile(file)
        await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: keys[at], Body }))
      }),
    )
    return keys
  } finally {
    client.destroy()
  }
}

/** The names of the folders at the top of a prefix. */
export async function foldersAt(client: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const names: string[] = []
  let token: string | undefined
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, Delimiter: '/', ContinuationToken: token }),
    )
    names.push(...(page.CommonPrefixes ?? []).map((entry) => (entry.Prefix ?? '').slice(prefix.length, -1)))
    token = page.NextContinuationToken
  } while (token !== undefined)
  return names
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
