import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'

/** Reads a small object whole. A connection that ends early is a failure, never a short object. */
export async function readBody(found: GetObjectCommandOutput): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of wholeBody(found)) chunks.push(chunk)
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
