import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3'

/** All keys under `root + prefix`, without the root, sorted; page by page. */
export async function listKeys(
  client: S3Client,
  { Bucket, root, prefix }: { Bucket: string; root: string; prefix: string },
): Promise<string[]> {
  const keys: string[] = []
  for await (const page of pages(client, { Bucket, Prefix: root + prefix })) {
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key.slice(root.length))
  }
  return keys.sort()
}

/** The first path segments under the root, sorted. */
export async function listFolders(
  client: S3Client,
  { Bucket, root }: { Bucket: string; root: string },
): Promise<string[]> {
  const folders: string[] = []
  for await (const page of pages(client, { Bucket, Prefix: root, Delimiter: '/' })) {
    for (const { Prefix } of page.CommonPrefixes ?? []) {
      if (Prefix !== undefined) folders.push(Prefix.slice(root.length).replace(/\/$/, ''))
    }
  }
  return folders.sort()
}

async function* pages(
  client: S3Client,
  input: { Bucket: string; Prefix: string; Delimiter?: string },
): AsyncGenerator<ListObjectsV2CommandOutput> {
  let token: string | undefined
  do {
    const page = await client.send(
      new ListObjectsV2Command(token === undefined ? input : { ...input, ContinuationToken: token }),
    )
    yield page
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}
