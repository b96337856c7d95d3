import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Client, credentials, Metadata, status } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import type { Log } from '../../activities/ports.ts'
import { PluginError } from '../../core/port-errors.ts'
import { handshakeEnvironment, readHandshake } from './handshake.ts'
import { createLines, createPluginLog } from './plugin-log.ts'
import { methods } from './protocol.ts'
import type { Method } from './protocol.ts'

/** How processes of plugins are run. */
export interface ProcessOptions {
  args: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  /** How long a plugin may take until it listens. */
  startMs: number
  /** Bytes of the largest answer that is read. */
  answerBytesMax: number
  log: Log
}

/** The process of a plugin, as long as it runs. */
export interface PluginProcess {
  /** Why it has ended; undefined as long as it runs. */
  readonly ended: () => string | undefined
  /** Makes one call. Rejects with a `ServiceError` of gRPC where the plugin, or the connection to it, answers with an error. */
  call<Request extends object, Answer>(method: Method<Request, Answer>, request: Request): Promise<Answer>
  /** Makes a call whose answer comes in parts. Leaving the loop early ends it; failures are those of `call`. */
  read<Request extends object, Part>(method: Method<Request, Part>, request: Request): AsyncIterable<Part>
  /** Whether it takes calls on its socket. */
  listens(): Promise<boolean>
  /** Resolves when it has ended, or after that time. */
  whenEnded(ms: number): Promise<void>
  /** Asks it to end, then kills it. */
  stop(): Promise<void>
  kill(): void
}

type Child = ChildProcessByStdio<null, Readable, Readable>

/** How long a plugin that is asked to end may take, one that listens until it answers, and the line of one that is over. */
const [stopMs, connectMs, lastWordsMs] = [2000, 10_000, 500]

/** A process that listens takes a connection on this machine at once. */
const listensMs = 1000

/**
 * Starts the binary of a plugin and connects to it. Throws a `PluginError` that says why it is none. What it prints goes
 * into the log with the name of its file. Where the signal aborts before it listens, it is killed.
 */
export async function startPlugin(path: string, options: ProcessOptions, signal: AbortSignal): Promise<PluginProcess> {
  const child = spawn(path, [...options.args], {
    env: { ...options.env, ...handshakeEnvironment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithWorker(child)
  let end: string | undefined
  const ended = new Promise<void>((resolve) => {
    const note = (why: string) => {
      end ??= why
      resolve()
    }
    child.once('error', (thrown) => note(`it cannot be run: ${thrown.message}`))
    child.once('exit', (code, signal) => note(signal === null ? `exit code ${code}` : `signal ${signal}`))
  })
  const whenEnded = (ms: number) => withTimer(ms, (timeout) => Promise.race([ended, timeout]))
  const printed = createPluginLog(options.log, path)
  readLines(child.stderr, printed)
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  try {
    const line = firstLine(child, printed)
    // A process may be over before its line has been read.
    const lastWords = ended.then(() => withTimer(lastWordsMs, (timeout) => Promise.race([line, timeout])))
    const greeting = await withTimer(options.startMs, (timeout) => Promise.race([line, lastWords, timeout]))
    const address = addressIn(greeting, { end, seconds: options.startMs / 1000 })
    const client = await connect(address.address, options.answerBytesMax)
    readOutput(client, printed)
    void ended.then(async () => {
      client.close()
      if (address.socket !== undefined) await rm(address.socket, { force: true }).catch(() => undefined)
    })
    return {
      ended: () => end,
      whenEnded,
      listens: () => isReady(client, listensMs),
      call: (method, request) => callOnce(client, method, request),
      read: (method, request) => readParts(client, method, request),
      kill,
      async stop() {
        if (end !== undefined) return
        await Promise.race([whenEnded(stopMs), callOnce(client, methods.shutDown, {}).catch(() => undefined)])
        await whenEnded(stopMs)
        kill()
        await whenEnded(stopMs)
      },
    }
  } catch (thrown) {
    kill()
    const words = thrown instanceof Error ? thrown.message : String(thrown)
    throw new PluginError('binary', `plugin ${path} cannot be used: ${words}`)
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

/**
 * Ends the plugin when the worker is gone, also where that was killed: then the standard input of a shell ends, which waits for
 * it. Without a shell the plugin ends with the container.
 */
function endWithWorker(child: Child): void {
  if (child.pid === undefined) return
  const wait = ['-c', 'read -r gone; kill -9 "$0"', String(child.pid)]
  const guard = spawn('/bin/sh', wait, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  child.once('exit', () => guard.kill('SIGKILL'))
}

function addressIn(greeting: string | undefined, { end, seconds }: { end: string | undefined; seconds: number }) {
  if (greeting === undefined)
    throw new Error(
      end === undefined
        ? `it has printed no line within ${seconds} s`
        : end.startsWith('it ')
          ? end
          : `it ended before it printed a line (${end}); what it printed as an error is in the log of the worker`,
    )
  const address = readHandshake(greeting)
  if ('problem' in address) throw new Error(address.problem)
  return address
}

/** The first line of the standard output; what follows goes to the log. */
function firstLine({ stdout }: Child, onMore: (line: string) => void): Promise<string> {
  return new Promise((resolve) => {
    let take = (line: string) => {
      resolve(line)
      take = onMore
    }
    readLines(stdout, (line) => take(line))
  })
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  const lines = createLines(onLine)
  stream.setEncoding('utf8')
  stream.on('data', (part: string) => lines.push(part))
  stream.once('end', () => lines.end())
  stream.on('error', () => undefined)
}

async function connect(address: string, answerBytesMax: number): Promise<Client> {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': answerBytesMax,
    'grpc.max_send_message_length': -1,
    'grpc.enable_http_proxy': 0,
  })
  if (await isReady(client, connectMs)) return client
  client.close()
  throw new Error('it does not answer on the socket that it names')
}

/** Whether there is a connection within that time. */
function isReady(client: Client, ms: number): Promise<boolean> {
  return new Promise((resolve) => client.waitForReady(Date.now() + ms, (problem) => resolve(problem === undefined)))
}

/** Of what a plugin prints after its start, go-plugin sends most by gRPC. Unread it would stop the plugin one day. */
function readOutput(client: Client, onLine: (line: string) => void): void {
  const { path, encode, decode } = methods.readOutput
  const stream = client.makeServerStreamRequest(path, encode, decode, {}, new Metadata())
  const lines = createLines(onLine)
  stream.on('data', ({ data }: { data: Uint8Array }) => lines.push(Buffer.from(data).toString('utf8')))
  // A plugin made with an old go-plugin has no such call, and its end ends the stream.
  stream.on('error', () => undefined)
  stream.on('close', () => lines.end())
}

function callOnce<Request extends object, Answer>(
  client: Client,
  { path, encode, decode, parts }: Method<Request, Answer>,
  request: Request,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const done = (problem: ServiceError | null, answer?: Answer) => {
      if (problem !== null) reject(problem)
      else if (answer === undefined) reject(new Error('the plugin sent an empty answer'))
      else resolve(answer)
    }
    if (parts === undefined) {
      client.makeUnaryRequest(path, encode, decode, request, new Metadata(), done)
      return
    }
    const stream = client.makeClientStreamRequest(path, encode, decode, new Metadata(), done)
    for (const part of parts(request)) stream.write(part)
    stream.end()
  })
}

async function* readParts<Request extends object, Part>(
  client: Client,
  { path, encode, decode }: Method<Request, Part>,
  request: Request,
): AsyncGenerator<Part> {
  const stream = client.makeServerStreamRequest(path, encode, decode, request, new Metadata())
  // The end of a stream that nobody reads any more is an error of nobody.
  stream.on('error', () => undefined)
  try {
    for await (const part of stream) yield part as Part
  } finally {
    stream.cancel()
  }
}

/** Whether an error is gRPC's, with the code and the words of the plugin. */
export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && typeof (thrown as Partial<ServiceError>).code === 'number' && 'details' in thrown
}

/** The error as Go prints it: `rpc error: code = Unknown desc = …`. */
export function grpcWords({ code, details }: Pick<ServiceError, 'code' | 'details'>): string {
  return `rpc error: code = ${goNames[code] ?? `Code(${code})`} desc = ${details}`
}

const goNames: Readonly<Record<number, string>> = {
  [status.CANCELLED]: 'Canceled',
  [status.UNKNOWN]: 'Unknown',
  [status.INVALID_ARGUMENT]: 'InvalidArgument',
  [status.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.PERMISSION_DENIED]: 'PermissionDenied',
  [status.RESOURCE_EXHAUSTED]: 'ResourceExhausted',
  [status.FAILED_PRECONDITION]: 'FailedPrecondition',
  [status.ABORTED]: 'Aborted',
  [status.OUT_OF_RANGE]: 'OutOfRange',
  [status.UNIMPLEMENTED]: 'Unimplemented',
  [status.INTERNAL]: 'Internal',
  [status.UNAVAILABLE]: 'Unavailable',
  [status.DATA_LOSS]: 'DataLoss',
  [status.UNAUTHENTICATED]: 'Unauthenticated',
}

/** Runs work beside a promise that resolves after a time, and clears the timer. */
async function withTimer<T>(ms: number, work: (timeout: Promise<undefined>) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await work(timeout)
  } finally {
    clearTimeout(timer)
  }
}
