import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Payload, PayloadCodec } from '@temporalio/common'

/** What a codec server serves, and to whom. */
export interface CodecServerOptions {
  codec: PayloadCodec
  /** The addresses of Web UIs whose pages may ask, such as `https://temporal.example.com`. */
  origins: readonly string[]
  host: string
  /** 0: any free one. */
  port: number
}

/** A codec server that listens. */
export interface CodecServer {
  /** `host:port`. */
  address: string
  close(): Promise<void>
}

const bodyBytesMax = 16 * 1024 * 1024
const json = { 'content-type': 'application/json' }

/**
 * Serves `POST /decode` and `POST /encode` as Temporal's Web UI and command line ask a codec server. A page of another origin is
 * refused. It asks nobody for a login: whoever reaches its port reads payloads. Rejects where the address cannot be used.
 */
export async function serveCodec(options: CodecServerOptions): Promise<CodecServer> {
  const server = createServer((request, response) => void answer(request, response, options))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve)
  })
  const { address, port } = server.address() as AddressInfo
  return {
    address: `${address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { codec, origins }: CodecServerOptions,
): Promise<void> {
  const { origin } = request.headers
  if (origin !== undefined && !origins.includes(origin))
    return refuse(response, 403, `${origin} may not ask: name it by --origin`)
  if (origin !== undefined) allow(response, origin)
  if (request.method === 'OPTIONS') return void response.writeHead(204).end()
  // A namespace may stand before it: the Web UI puts it there if its address has {namespace}.
  const [, action] = /\/(decode|encode)$/.exec(request.url ?? '') ?? []
  if (action === undefined) return refuse(response, 404, 'only /decode and /encode are here')
  if (request.method !== 'POST') return refuse(response, 405, 'only POST is answered')
  try {
    const payloads = fromJson(await readBody(request))
    const answered = await (action === 'decode' ? codec.decode(payloads) : codec.encode(payloads))
    response.writeHead(200, json).end(JSON.stringify({ payloads: answered.map(toJson) }))
  } catch (thrown) {
    refuse(response, 400, thrown instanceof Error ? thrown.message : String(thrown))
  }
}

/** What a browser wants to hear before it shows an answer to a page of another origin. */
function allow(response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('vary', 'origin')
  response.setHeader('access-control-allow-credentials', 'true')
  response.setHeader('access-control-allow-methods', 'POST, OPTIONS')
  response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization')
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, json).end(JSON.stringify({ message }))
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > bodyBytesMax) throw new Error(`a request may have ${bodyBytesMax} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

interface JsonPayload {
  metadata?: Record<string, string>
  data?: string
}

/** Protobuf's JSON: bytes are base64. */
function fromJson(body: string): Payload[] {
  const { payloads } = JSON.parse(body) as { payloads?: JsonPayload[] }
  if (!Array.isArray(payloads)) throw new Error('a request needs a list of payloads')
  return payloads.map(({ metadata = {}, data = '' }) => ({
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: Buffer.from(data, 'base64'),
  }))
}

function toJson({ metadata, data }: Payload): JsonPayload {
  const inBase64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64')
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, inBase64(value)])),
    data: inBase64(data),
  }
}
