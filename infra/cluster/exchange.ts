import net from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { buildConnector, Pool, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import { ApiError } from '../../core/port-errors.ts'
import type { Credentials } from './credentials.ts'

/** Where requests go: a pool of connections to one API server. */
export interface Target {
  dispatcher: Dispatcher
  origin: string
}

/** What is put on the wire. */
export interface ExchangeRequest {
  method: Dispatcher.HttpMethod
  path: string
  headers: Record<string, string | string[]>
  body?: string
  /** Called at the moment the request is put on the wire, however long it stood in line; what it throws stops it. */
  beforeSend?: () => void
  /** The longest wait for the head of the answer, and between two pieces of its body. */
  timeoutMs: number
  bodyBytesMax: number
  signal?: AbortSignal | undefined
}

/** What came back, whole. */
export interface ExchangeAnswer {
  code: number
  contentType: string
  retryAfter: string | undefined
  body: string
}

/** The answer is bigger than anything an API server sends for one request. */
class AnswerTooBig extends Error {
  override readonly name = 'AnswerTooBig'
}

/** One request and its whole answer. Rejects with what `beforeSend` threw, the signal's reason, or undici's error. */
export async function exchange(target: Target, request: ExchangeRequest): Promise<ExchangeAnswer> {
  const chunks: Buffer[] = []
  let bytes = 0
  const head = await dispatch(target, request, (chunk) => {
    bytes += chunk.length
    if (bytes > request.bodyBytesMax) throw new AnswerTooBig(`the answer has more than ${request.bodyBytesMax} bytes`)
    chunks.push(chunk)
  })
  const [only] = chunks
  const whole = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
  return { ...head, body: whole.toString('utf8') }
}

/** Characters of one line at most: an event of a watch carries one object. */
const lineCharactersMax = 32 * 1024 * 1024

/**
 * One request whose answer is handed out line by line as it comes, until the server ends it. Of an answer with another
 * code than 200 no line is handed out; its text is the body of the result, which else holds what followed the last line.
 */
export async function exchangeLines(
  target: Target,
  request: ExchangeRequest,
  onLine: (line: string) => void,
): Promise<ExchangeAnswer> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  const head = await dispatch(target, request, (chunk, code) => {
    rest += decoder.write(chunk)
    if (rest.length > lineCharactersMax) throw new AnswerTooBig(`a line has more than ${lineCharactersMax} characters`)
    if (code !== 200 || !rest.includes('\n')) return
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') onLine(line)
  })
  return { ...head, body: rest }
}

type Head = Omit<ExchangeAnswer, 'body'>

/** Sends a request, passes the pieces of the answer's body to `take`, and resolves with its head when it has ended. */
function dispatch(
  { dispatcher, origin }: Target,
  request: ExchangeRequest,
  take: (chunk: Buffer, code: number) => void,
): Promise<Head> {
  const { signal, path, method, headers, timeoutMs } = request
  if (signal?.aborted === true) return Promise.reject(asError(signal.reason))
  const { promise, resolve, reject } = Promise.withResolvers<Head>()
  let head: Head | undefined
  let stop: (() => void) | undefined
  const settle = (): void => {
    if (stop !== undefined) signal?.removeEventListener('abort', stop)
  }
  const body = request.body === undefined ? {} : { body: request.body }
  const options = { origin, path, method, headers, headersTimeout: timeoutMs, bodyTimeout: timeoutMs, ...body }
  dispatcher.dispatch(options, {
    onRequestStart(controller) {
      if (signal?.aborted === true) throw asError(signal.reason)
      request.beforeSend?.()
      if (signal === undefined) return
      stop = () => controller.abort(asError(signal.reason))
      signal.addEventListener('abort', stop, { once: true })
    },
    onResponseStart(_controller, code, answered) {
      head = { code, contentType: first(answered['content-type']) ?? '', retryAfter: first(answered['retry-after']) }
    },
    onResponseData(controller, chunk) {
      try {
        take(chunk, head?.code ?? 0)
      } catch (error) {
        controller.abort(asError(error))
      }
    },
    onResponseEnd() {
      settle()
      if (head === undefined) reject(new Error('the answer has no head'))
      else resolve(head)
    },
    onResponseError(_controller, error) {
      settle()
      reject(error)
    },
  })
  return promise
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

/** The `ApiError` (code 0) of a request that got no answer; an `ApiError` or the caller's own abort passes unchanged. */
export function networkError(error: unknown, what: string, signal?: AbortSignal): unknown {
  if (error instanceof ApiError) return error
  if (signal?.aborted === true) return error
  const timedOut = timeoutCodes.has(errorCode(error))
  return new ApiError({
    code: 0,
    reason: timedOut ? 'Timeout' : 'Unreachable',
    message: `${what}: ${timedOut ? 'no answer in the time allotted' : describe(error)}`,
    cause: error,
  })
}

const timeoutCodes = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** An AggregateError of a host with several addresses has no message of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join(', ')
  if (error instanceof Error) return error.message === '' ? errorCode(error) : error.message
  return String(error)
}

/** The connections to one API server under one set of credentials. */
export interface Pools {
  /** The writes and reads of restores, bounded. */
  bulk: Dispatcher
  /** Lease renewals and watches: never behind the others. */
  vital: Dispatcher
  /** Writes that take long: they keep no other from its turn. */
  slow: Dispatcher
  /** Lets bulk requests end; watches, which never do, are broken off. */
  close(): Promise<void>
}

/** Keeps pools as long as address and TLS material stay the same: a new bearer token needs no new connections. */
export function keepPools(connectionsMax: number): { for(credentials: Credentials): Pools; close(): Promise<void> } {
  let held: { credentials: Credentials; key: string; pools: Pools } | undefined
  return {
    for(credentials) {
      if (held?.credentials === credentials) return held.pools
      const key = JSON.stringify([credentials.origin, credentials.tls, credentials.proxyUrl])
      if (held !== undefined && held.key === key) {
        held.credentials = credentials
        return held.pools
      }
      void held?.pools.close()
      held = { credentials, key, pools: openPools(credentials, connectionsMax) }
      return held.pools
    },
    async close() {
      await held?.pools.close()
    },
  }
}

const vitalConnectionsMax = 32
/** They do nothing but wait, each at most for the API server's own limit. */
const slowConnectionsMax = 256
const connectTimeoutMs = 5_000
/** Below the idle timeout of common load balancers (60 s). */
const keepAliveMs = 30_000

/**
 * Opens the pools. HTTP/1.1 on purpose: one request on a connection at a time means that a request which has to be
 * given up takes only its own connection with it.
 */
function openPools(credentials: Credentials, connectionsMax: number): Pools {
  const bulk = openPool(credentials, connectionsMax)
  const vital = openPool(credentials, vitalConnectionsMax)
  const slow = openPool(credentials, slowConnectionsMax)
  return {
    bulk,
    vital,
    slow,
    async close() {
      await Promise.all([bulk.close(), slow.close(), vital.destroy()])
    },
  }
}

function openPool(credentials: Credentials, connections: number): Dispatcher {
  const common = { connections, pipelining: 1, allowH2: false, keepAliveTimeout: keepAliveMs } as const
  if (credentials.proxyUrl !== undefined) {
    return new ProxyAgent({
      ...common,
      uri: credentials.proxyUrl,
      connectTimeout: connectTimeoutMs,
      requestTls: credentials.tls,
    })
  }
  return new Pool(credentials.origin, { ...common, connect: resettingConnector(credentials) })
}

/**
 * Connects so that a connection which is given up is reset, not closed. Closing leaves what was written in the kernel,
 * which goes on sending it: a write that timed out in a cut network would then arrive long after this worker's Lease
 * has run out (rule 7). A reset drops it.
 */
function resettingConnector(credentials: Credentials): buildConnector.connector {
  const secure = buildConnector({
    ...credentials.tls,
    allowH2: false,
    timeout: connectTimeoutMs,
    keepAliveInitialDelay: 30_000,
  })
  return (options, callback) => {
    if (options.protocol !== 'https:') {
      secure(options, callback)
      return
    }
    const tcp = net.connect({ host: options.hostname.replace(/^\[|\]$/g, ''), port: Number(options.port) || 443 })
    tcp.setTimeout(connectTimeoutMs, () => tcp.destroy(new Error(`connect to ${options.hostname}: i/o timeout`)))
    tcp.once('error', (error) => callback(error, null))
    tcp.once('connect', () => {
      tcp.removeAllListeners('error')
      tcp.setTimeout(0)
      secure({ ...options, httpSocket: tcp }, (...result) => {
        if (result[0] === null) resetWhenDestroyed(result[1], tcp)
        callback(...result)
      })
    })
  }
}

/** The secured socket destroys the one below it and waits for that one's end, so it is there that the reset goes in. */
function resetWhenDestroyed(secured: net.Socket, tcp: net.Socket): void {
  const destroy = secured.destroy.bind(secured)
  const destroyTcp = tcp.destroy.bind(tcp)
  secured.destroy = (error) => {
    if (error instanceof Error) {
      tcp.destroy = () => {
        tcp.destroy = destroyTcp
        return tcp.resetAndDestroy()
      }
    }
    return destroy(error)
  }
}
