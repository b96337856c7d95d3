import type { Cluster, Log } from '../../activities/ports.ts'
import type { ActingUser } from '../../core/asked/acting-user.ts'
import { ApiError } from '../../core/port-errors.ts'
import { parseJson, stringifyJson } from '../../core/values/manifest-json.ts'
import { asUser, headersAs, mayDo } from './as-user.ts'
import { createObjects, withWriteDeadlines } from './objects.ts'
import type { ApiRequest, WriteDeadlines } from './objects.ts'
import { openCredentials } from './credentials.ts'
import type { Credentials } from './credentials.ts'
import { exchange, exchangeLines, keepPools, networkError } from './exchange.ts'
import type { ExchangeAnswer, ExchangeRequest, Pools } from './exchange.ts'
import { readApiError } from './read-api-error.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { namespaceResource } from '../../velero/resource.ts'

export { KubeconfigError } from './credentials.ts'

export interface ConnectOptions extends WriteDeadlines {
  /** A kubeconfig; without it `KUBECONFIG`, `~/.kube/config` or the pod's service account. */
  kubeconfig?: string | undefined
  context?: string | undefined
  log: Log
  /** Rule 7: asked at the moment each write is put on the wire. Absent where no Lease is kept, as in the client. */
  assertMayWrite?: (() => void) | undefined
  connectionsMax: number
  /** Told of each request but watches: its verb, the answer's code (0 where none came) and how long it took. */
  onAnswer?: ((method: ApiRequest['method'], code: number, seconds: number) => void) | undefined
  /** Told of each write that went on the wire and got no answer: for how many ms it may still take effect (rule 7). */
  onUnanswered?: ((withinMs: number) => void) | undefined
}

/** One connection to the target cluster: the port of the activities, and the raw requests that it is made of. */
export interface ClusterConnection {
  readonly cluster: Cluster
  /** One request; resolves with the JSON of a success, rejects with `ApiError`. */
  send(request: ApiRequest): Promise<unknown>
  /** One request whose answer is read line by line until the server ends it. */
  stream(request: ApiRequest, onLine: (line: string) => void): Promise<void>
  close(): Promise<void>
}

const readTimeoutSeconds = 30
/** A page of 500 objects is far below it. */
const answerBytesMax = 256 * 1024 * 1024

/**
 * Connects to the cluster and reads its id. Every request goes over one bounded set of kept-alive connections, since
 * opening one for each costs more than the request itself.
 */
export async function connectCluster(options: ConnectOptions): Promise<ClusterConnection> {
  const credentials = openCredentials(options)
  const pools = keepPools(options.connectionsMax)

  async function attempt<T>(request: ApiRequest, run: (call: Call) => Promise<T>): Promise<T> {
    const first = await currentCredentials(() => credentials.current())
    try {
      return await run({ credentials: first, pools: pools.for(first) })
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 401) throw error
      options.log.warn('the API server refused the credentials; they are read again', { path: request.path })
      const second = await currentCredentials(() => credentials.reload(first))
      return run({ credentials: second, pools: pools.for(second) })
    }
  }

  const plain = (request: ApiRequest, guard?: () => void) =>
    attempt(request, (call) => sendOnce(call, request, { ...options, assertMayWrite: guard ?? options.assertMayWrite }))
  const connection = {
    send: withWriteDeadlines(plain, options),
    stream: (request: ApiRequest, onLine: (line: string) => void) =>
      attempt(request, (call) => streamOnce(call, request, onLine)),
    close: () => pools.close(),
  }
  const objects = createObjects(connection.send, options.log)
  const id = await readClusterId(objects, connection.close)
  const sentAs = (user: ActingUser) =>
    createObjects((request) => connection.send({ ...request, as: user }), options.log)
  const cluster: Cluster = {
    id,
    ...objects,
    as: (user) => asUser(cluster, sentAs(user)),
    mayDo: (user, what) => mayDo(sentAs(user), what),
  }
  return { ...connection, cluster }
}

/** Which pools and credentials a request goes out with. */
interface Call {
  credentials: Credentials
  pools: Pools
}

async function sendOnce(call: Call, request: ApiRequest, options: ConnectOptions): Promise<unknown> {
  const write = request.method !== 'GET'
  const isHeld = write && request.exempt !== true
  const timeoutSeconds = request.timeoutSeconds ?? (write ? options.requestTimeoutSeconds : readTimeoutSeconds)
  const sent = watchWrite(timeoutSeconds, options)
  const wire = { ...wireRequest(call.credentials, request, timeoutSeconds), ...(isHeld && { beforeSend: sent.begin }) }
  const answer = await timed(request, options, () => answerOf(call, request, wire)).catch((error: unknown) => {
    sent.endUnanswered()
    throw error
  })
  if (isOfGateway(answer)) sent.endUnanswered()
  if (answer.code < 200 || answer.code > 299) throw readApiError({ method: request.method, ...answer })
  return readBody(answer, request)
}

/** Asks the guard when a write goes on the wire, and tells of one that is not answered afterwards. */
function watchWrite(
  timeoutSeconds: number,
  { assertMayWrite, onUnanswered }: Pick<ConnectOptions, 'assertMayWrite' | 'onUnanswered'>,
): { begin: () => void; endUnanswered: () => void } {
  let sentAt: number | undefined
  return {
    begin() {
      assertMayWrite?.()
      sentAt = performance.now()
    },
    endUnanswered() {
      if (sentAt === undefined) return
      const leftMs = timeoutSeconds * 1000 - (performance.now() - sentAt)
      if (leftMs > 0) onUnanswered?.(leftMs)
    },
  }
}

/** Whether a proxy says that it got no answer of the API server, whose own answers are JSON. */
function isOfGateway({ code, contentType }: ExchangeAnswer): boolean {
  return (code === 502 || code === 503 || code === 504) && !contentType.includes('json')
}

async function timed(
  { method }: ApiRequest,
  { onAnswer }: ConnectOptions,
  ask: () => Promise<ExchangeAnswer>,
): Promise<ExchangeAnswer> {
  const began = performance.now()
  let code = 0
  try {
    const answer = await ask()
    code = answer.code
    return answer
  } finally {
    onAnswer?.(method, code, (performance.now() - began) / 1000)
  }
}

async function answerOf(call: Call, request: ApiRequest, wire: ExchangeRequest): Promise<ExchangeAnswer> {
  try {
    return await exchange({ dispatcher: call.pools[request.lane ?? 'bulk'], origin: call.credentials.origin }, wire)
  } catch (error) {
    throw networkError(error, describeRequest(call.credentials, request), request.signal)
  }
}

function readBody(answer: ExchangeAnswer, request: ApiRequest): unknown {
  try {
    return (request.answer === 'identity' ? readIdentity(answer.body) : undefined) ?? parseJson(answer.body)
  } catch (error) {
    throw new ApiError({
      code: answer.code,
      reason: 'Undecodable',
      message: `${request.method} ${request.path}: the answer is no JSON`,
      cause: error,
    })
  }
}

async function streamOnce(call: Call, request: ApiRequest, onLine: (line: string) => void): Promise<void> {
  const wire = wireRequest(call.credentials, request, request.timeoutSeconds ?? readTimeoutSeconds)
  const target = { dispatcher: call.pools.vital, origin: call.credentials.origin }
  let answer: ExchangeAnswer
  try {
    answer = await exchangeLines(target, wire, onLine)
  } catch (error) {
    throw networkError(error, describeRequest(call.credentials, request), request.signal)
  }
  if (answer.code !== 200) throw readApiError({ method: request.method, ...answer })
}

function wireRequest(credentials: Credentials, request: ApiRequest, timeoutSeconds: number): ExchangeRequest {
  const body = request.body === undefined ? undefined : stringifyJson(request.body)
  const headers: ExchangeRequest['headers'] = {
    ...headersAs(credentials, request.as),
    accept: request.accept ?? acceptFor(request, body?.length ?? 0),
    'user-agent': 'drydock',
  }
  const wire: ExchangeRequest = {
    method: request.method,
    path: `${credentials.basePath}${request.path}?timeout=${timeoutSeconds}s${queryOf(request)}`,
    headers,
    timeoutMs: timeoutSeconds * 1000 + 1000,
    bodyBytesMax: answerBytesMax,
    signal: request.signal,
  }
  if (body === undefined) return wire
  headers['content-type'] = request.contentType ?? 'application/json'
  return { ...wire, body }
}

/** Not by `URLSearchParams`, which takes longer than all else that is done for a request before it is sent. */
function queryOf({ query = {} }: ApiRequest): string {
  let text = ''
  for (const name of Object.keys(query)) {
    const value = query[name]
    if (value !== undefined) text += `&${name}=${encodeURIComponent(String(value))}`
  }
  return text
}

function describeRequest(credentials: Credentials, request: ApiRequest): string {
  return `${request.method} ${credentials.origin}${credentials.basePath}${request.path}`
}

async function currentCredentials(read: () => Promise<Credentials>): Promise<Credentials> {
  try {
    return await read()
  } catch (error) {
    throw new ApiError({
      code: 0,
      reason: 'Unreachable',
      message: `reading the cluster's credentials: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    })
  }
}

async function readClusterId(objects: Pick<Cluster, 'get'>, close: () => Promise<void>): Promise<string> {
  try {
    const namespace = await objects.get({ ...namespaceResource, name: 'kube-system' })
    const uid = namespace?.metadata.uid
    if (uid === undefined) throw new Error('the cluster has no namespace kube-system, whose uid would name it')
    return uid
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * What an answer begins with, as every API server writes it for its own types: the fields of `metadata` in the order of
 * Go's struct. Others, such as custom resources, have their keys sorted, and are parsed.
 */
const head =
  /^\{"kind":"([^"\\]+)","apiVersion":"([^"\\]+)","metadata":\{"name":"([^"\\]+)",(?:"generateName":"[^"\\]*",)?(?:"namespace":"([^"\\]+)",)?"uid":"([^"\\]+)","resourceVersion":"([^"\\]+)"/

/** Which object an answer is about, without a parse of the whole; undefined where its beginning does not tell. */
export function readIdentity(text: string): Manifest | undefined {
  const found = head.exec(text)
  if (found === null) return undefined
  const [, kind = '', apiVersion = '', name = '', namespace, uid, resourceVersion] = found
  const inside = namespace === undefined ? {} : { namespace }
  return { apiVersion, kind, metadata: { name, ...inside, uid, resourceVersion } } as Manifest
}

/** An answer with the whole object costs more than one with its metadata where the object is at least so large. */
const largeBytes = 8 * 1024

/** The media types to ask for: of a large object the metadata alone, where no more is of use and the server knows how. */
export function acceptFor({ answer }: Pick<ApiRequest, 'answer'>, bodyBytes: number): string {
  if (answer === undefined || bodyBytes < largeBytes) return 'application/json'
  return 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json'
}
