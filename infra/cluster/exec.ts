import { WebSocket } from 'ws'
import type { ContainerCommand, ExecAnswer, ExecOptions, PodExec } from '../../activities/ports.ts'
import { formatGoDuration } from '../../core/values/go-duration.ts'
import { timerMsMax } from '../clock.ts'
import { openCredentials, type Credentials } from './credentials.ts'
import { readApiError } from './read-api-error.ts'
import { headersAs } from './as-user.ts'
import { objectPath } from './objects.ts'

export interface PodExecOptions {
  kubeconfig?: string | undefined
  context?: string | undefined
  /** Rule 7: asked right before a command is sent. What it throws is thrown: it says nothing about the command. */
  assertMayWrite?: (() => void) | undefined
}

/** Kubernetes' framing of streams over one websocket: the first byte of a message names its channel. */
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const channels = { stdout: 1, stderr: 2, status: 3 } as const

const handshakeMs = 10_000
/** A command may say more; what is beyond is dropped. */
const outputBytesMax = 64 * 1024
const messageBytesMax = 8 * 1024 * 1024
const refusalBytesMax = 64 * 1024
/** After these answers surely nothing has run: not known here, too many requests, not ready. */
const notBegunCodes: readonly number[] = [401, 429, 503]
const notBegunErrors: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

/**
 * Runs commands in containers through the API server's `exec`, over a websocket. A command is sent once; that it was
 * given up does not end it in the container, for Kubernetes has no way to.
 */
export function createPodExec(options: PodExecOptions): PodExec {
  const source = openCredentials(options)
  return {
    async run(command, execOptions) {
      const first = await credentialsOf(() => source.current())
      if ('because' in first) return first
      if (first.proxyUrl !== undefined) {
        return ended('commands in containers cannot be run through the proxy of the kubeconfig')
      }
      const answer = await runOnce({ command, credentials: first, ...execOptions }, options)
      if (!('unauthorized' in answer)) return answer
      const fresh = await credentialsOf(() => source.reload(first))
      if ('because' in fresh) return fresh
      const second = await runOnce({ command, credentials: fresh, ...execOptions }, options)
      return 'unauthorized' in second ? ended(second.unauthorized) : second
    },
  }
}

interface Run extends ExecOptions {
  command: ContainerCommand
  credentials: Credentials
}

type Answer = ExecAnswer | { unauthorized: string }

function runOnce(run: Run, { assertMayWrite }: PodExecOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    run.signal.throwIfAborted()
    const headers = headersOf(run)
    if ('problem' in headers) {
      resolve(ended(headers.problem))
      return
    }
    assertMayWrite?.()
    const socket = openSocket(run, headers.as)
    const output = { stdout: boundedText(), stderr: boundedText() }
    let problem: string | undefined

    function settle(finish: () => void): void {
      clearTimeout(timer)
      run.signal.removeEventListener('abort', stop)
      socket.terminate()
      finish()
    }
    const answer = (text: string) =>
      settle(() => resolve({ ...ended(text), stdout: output.stdout.text(), stderr: output.stderr.text() }))
    const stop = () => settle(() => reject(run.signal.reason as Error))
    const timer = setTimeout(
      () => answer(`timed out after ${formatGoDuration(run.timeoutMs)}`),
      Math.min(run.timeoutMs, timerMsMax),
    )
    run.signal.addEventListener('abort', stop, { once: true })

    socket.on('message', (message: Buffer) => {
      const [channel] = message
      const body = message.subarray(1)
      if (channel === channels.stdout) output.stdout.add(body)
      else if (channel === channels.stderr) output.stderr.add(body)
      else if (channel === channels.status) problem = readExecStatus(body.toString('utf8'))
    })
    socket.on('close', (code, reason) => answer(problem ?? closedEarly(code, reason.toString('utf8'))))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (problem !== undefined) answer(problem)
      else if (notBegunErrors.includes(error.code ?? ''))
        settle(() => resolve({ do: 'not-begun', because: error.message }))
      else answer(error.message)
    })
    socket.on('unexpected-response', (_request, response) => {
      readText(response).then(
        (body) => settle(() => resolve(refusal(response.statusCode ?? 0, response.headers, body))),
        (error: unknown) => answer(textOf(error)),
      )
    })
  })
}

function headersOf({ credentials, as }: Run): { as: ReturnType<typeof headersAs> } | { problem: string } {
  try {
    return { as: headersAs(credentials, as) }
  } catch (thrown) {
    return { problem: `the worker may not act as user ${as?.user ?? ''}: ${textOf(thrown)}` }
  }
}

async function credentialsOf(
  read: () => Promise<Credentials>,
): Promise<Credentials | { do: 'not-begun'; because: string }> {
  try {
    return await read()
  } catch (thrown) {
    return { do: 'not-begun', because: `reading the cluster's credentials: ${textOf(thrown)}` }
  }
}

function openSocket({ command, credentials }: Run, headers: ReturnType<typeof headersAs>): WebSocket {
  const query = new URLSearchParams({ container: command.container, stdout: 'true', stderr: 'true' })
  for (const word of command.command) query.append('command', word)
  const ref = { group: '', version: 'v1', resource: 'pods', namespace: command.namespace, name: command.pod }
  const origin = credentials.origin.replace(/^http/, 'ws')
  return new WebSocket(`${origin}${credentials.basePath}${objectPath(ref, 'exec')}?${query.toString()}`, protocols, {
    ...credentials.tls,
    headers: { ...headers, 'user-agent': 'drydock' },
    handshakeTimeout: handshakeMs,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    followRedirects: false,
  })
}

/** What the API server says instead of opening the websocket. */
function refusal(code: number, headers: NodeJS.Dict<string | string[]>, body: string): Answer {
  const contentType = String(headers['content-type'] ?? '')
  const message = body.startsWith('{')
    ? readApiError({ method: 'POST', code, contentType, retryAfter: undefined, body }).message
    : `unable to upgrade connection: ${body.trim()}`
  if (code === 401) return { unauthorized: message }
  return notBegunCodes.includes(code) ? { do: 'not-begun', because: message } : ended(message)
}

async function readText(stream: AsyncIterable<Buffer>): Promise<string> {
  const text = boundedText(refusalBytesMax)
  for await (const piece of stream) text.add(piece)
  return text.text()
}

function boundedText(max = outputBytesMax): { add(piece: Buffer): void; text(): string } {
  const pieces: Buffer[] = []
  let left = max
  return {
    add(piece) {
      if (left > 0) pieces.push(piece.subarray(0, left))
      left -= piece.length
    },
    text: () => Buffer.concat(pieces).toString('utf8'),
  }
}

function ended(problem: string): Extract<ExecAnswer, { do: 'ended' }> {
  return { do: 'ended', problem, stdout: '', stderr: '' }
}

function closedEarly(code: number, reason: string): string {
  return `the connection closed before the command had ended: websocket: close ${code}${reason === '' ? '' : `: ${reason}`}`
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/**
 * How a command ended, from the status that the server sends last: empty for success, otherwise the words that
 * Kubernetes' own client has for it, since those stand in Velero's results.
 */
function readExecStatus(text: string): string {
  let status: ExecStatus
  try {
    status = JSON.parse(text) as ExecStatus
  } catch (thrown) {
    return `error stream protocol error: ${thrown instanceof Error ? thrown.message : String(thrown)}`
  }
  switch (status?.status) {
    case 'Success':
      return ''
    case 'Failure':
      return status.reason === 'NonZeroExitCode' ? exitCodeText(status) : (status.message ?? '') || 'unknown error'
    default:
      return 'error stream protocol error: unknown error'
  }
}

interface ExecStatus {
  status?: string
  reason?: string
  message?: string
  details?: { causes?: { reason?: string; message?: string }[] }
}

function exitCodeText({ details }: ExecStatus): string {
  if (details === undefined) return 'error stream protocol error: details must be set'
  const cause = details.causes?.find((one) => one.reason === 'ExitCode')
  if (cause === undefined) return 'error stream protocol error: no ExitCode cause given'
  const code = cause.message ?? ''
  if (!/^\d{1,3}$/.test(code) || Number(code) > 255)
    return `error stream protocol error: invalid exit code value ${JSON.stringify(code)}`
  return `command terminated with exit code ${Number(code)}`
}
