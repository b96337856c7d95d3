import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import { StoreError } from '../../core/port-errors.ts'

/** An object that is read whole has at most so many bytes; the tarball, which may have more, is streamed. */
const wholeBytesMax = 256 * 1024 * 1024

/**
 * Reads a small object whole. A connection that ends early is a failure, never a short object. One with more bytes than
 * the bound is a `StoreError` of kind `refused`; no more of it than that is read, whatever the server says of its size.
 */
export async function readBody(
  found: GetObjectCommandOutput,
  { key, bytesMax = wholeBytesMax }: { key: string; bytesMax?: number },
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of wholeBody(found)) {
      bytes += chunk.length
      if (Math.max(bytes, found.ContentLength ?? 0) > bytesMax)
        throw new StoreError('refused', `object ${key} has more than ${bytesMax.toLocaleString('en-US')} bytes`)
      chunks.push(chunk)
    }
  } finally {
    discardBody(found)
  }
  return Buffer.concat(chunks)
}

/** Hands on an object as it comes; failures go through `toFailure`, and destroying the stream ends the request. */
export function streamBody(found: GetObjectCommandOutput, toFailure: (error: unknown) => Error): Readable {
  const chunks = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* wholeBody(found)
    } catch (error) {
      throw toFailure(error)
    }
  }
  // A consumer that gives up before it has read anything must not leave the connection open either.
  return Readable.from(chunks(), { objectMode: false }).once('close', () => discardBody(found))
}

/** Ends the request of an object that nobody wants to read. */
export function discardBody(found: GetObjectCommandOutput): void {
  toReadable(found).destroy()
}

async function* wholeBody(found: GetObjectCommandOutput): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of toReadable(found) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    yield chunk
  }
  if (found.ContentLength !== undefined && bytes !== found.ContentLength) {
    const message = `connection ended after ${bytes} of ${found.ContentLength} bytes`
    throw Object.assign(new Error(message), { code: 'ECONNRESET' })
  }
}

function toReadable({ Body }: GetObjectCommandOutput): Readable {
  return Body instanceof Readable ? Body : Readable.from([])
}
