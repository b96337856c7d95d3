import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3'
import { StoreError } from '../../core/port-errors.ts'
import { classify } from './store-failure.ts'

/**
 * The same client, which asks before each request of its commands, also of one that it tries again and of each part of a large
 * object: a process may stand still between two of them for longer than its Lease lasts (rule 7).
 */
export function asking(client: S3Client, assertMayWrite: () => void): S3Client {
  const ask = (next: (request: unknown) => unknown) => (request: unknown) => {
    assertMayWrite()
    return next(request)
  }
  const send = (command: PutObjectCommand, ...more: []) => {
    // Behind what tries a request again.
    command.middlewareStack.add(ask as never, { step: 'finalizeRequest', priority: 'low' })
    return client.send(command, ...more)
  }
  return new Proxy(client, { get: (target, name) => (name === 'send' ? send : (Reflect.get(target, name) as unknown)) })
}

type Input = PutObjectCommandInput & { Body: Buffer }

/**
 * Writes one object, in parts where it is large. With `onlyIfAbsent` it goes in one request, whatever its size, as
 * only that one is conditional everywhere; false says that an object stands there.
 */
export async function uploadObject(
  client: S3Client,
  input: Input,
  { onlyIfAbsent }: { onlyIfAbsent: boolean },
): Promise<boolean> {
  if (onlyIfAbsent) return createObject(client, input)
  if (input.Body.length <= partBytes) {
    await client.send(new PutObjectCommand(input))
    return true
  }
  // Loaded by the first large object: most restores write none.
  const { Upload } = await import('@aws-sdk/lib-storage')
  await new Upload({ client, params: input, partSize: partBytes, queueSize: 4 }).done()
  return true
}

const partBytes = 8 * 1024 * 1024
const conflictAttemptsMax = 5

async function createObject(client: S3Client, input: Input): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.send(new PutObjectCommand({ ...input, IfNoneMatch: '*' }))
      return true
    } catch (error) {
      if (isConflict(error) && attempt < conflictAttemptsMax) continue
      if (isUnsupported(error)) {
        throw new StoreError('location', `the bucket's server does not support If-None-Match, needed for ${input.Key}`)
      }
      if (classify(error) !== 'changed') throw error
      // An earlier attempt whose answer was lost may have written what stands there now.
      return attempts(error) + attempt > 2 && (await holds(client, input))
    }
  }
}

async function holds(client: S3Client, { Bucket, Key, Body, ...rest }: Input): Promise<boolean> {
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = rest
  const encryption = SSECustomerKey === undefined ? {} : { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }
  const found = await client.send(new GetObjectCommand({ Bucket, Key, ...encryption }))
  const bytes = await found.Body?.transformToByteArray()
  return bytes !== undefined && Body.equals(bytes)
}

/** Another conditional write of the same key is under way: S3 asks to try again. */
function isConflict(error: unknown): boolean {
  return metadata(error).httpStatusCode === 409
}

function isUnsupported(error: unknown): boolean {
  return metadata(error).httpStatusCode === 501
}

function attempts(error: unknown): number {
  return metadata(error).attempts ?? 1
}

function metadata(error: unknown): { httpStatusCode?: number; attempts?: number } {
  return (error as { $metadata?: { httpStatusCode?: number; attempts?: number } }).$metadata ?? {}
}
