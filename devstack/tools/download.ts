import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { EnvHttpProxyAgent, fetch, type Response } from 'undici'
import type { Archive } from './locate-archive.ts'

/** Downloads an archive into a file and checks its sum. Throws if anything is wrong; the file is then of no use. */
export async function download(archive: Archive, file: string, signal: AbortSignal): Promise<void> {
  const answer = await get(archive.url, signal)
  if (answer.body === null) throw new Error(`${archive.url} is empty`)
  const hash = createHash(archive.algorithm)
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(Readable.fromWeb(answer.body), hashing, createWriteStream(file), { signal })
  const found = hash.digest('hex')
  if (found !== archive.checksum.toLowerCase())
    throw new Error(
      `${archive.url} is not what was published: its ${archive.algorithm} is ${found}, not ${archive.checksum}`,
    )
}

/** Fetches a small text. */
export async function readText(url: string, signal: AbortSignal): Promise<string> {
  return (await get(url, signal)).text()
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  const { origin } = new URL(url)
  const known = unreachable.get(origin)
  if (known !== undefined) throw new Error(known)
  const answer = await fetch(url, { dispatcher: proxyAgent(), signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    const message = `${origin} cannot be reached (${reasonOf(error)})`
    unreachable.set(origin, message)
    throw new Error(message, { cause: error })
  })
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`)
  return answer
}

/** A host that did not answer is not tried again for the next tool: in a closed network that would take long. */
const unreachable = new Map<string, string>()

const connectMillisMax = 3000
const answerMillisMax = 10_000

/** Uses the usual proxy variables, with a short timeout. */
function proxyAgent(): EnvHttpProxyAgent {
  return new EnvHttpProxyAgent({
    connect: { timeout: connectMillisMax },
    headersTimeout: answerMillisMax,
    bodyTimeout: answerMillisMax,
    keepAliveTimeout: 1,
  })
}

/** The innermost cause of an error: `fetch failed` alone says nothing. */
function reasonOf(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause
  const { code } = inner as { code?: unknown }
  return typeof code === 'string' ? code : String(inner)
}
