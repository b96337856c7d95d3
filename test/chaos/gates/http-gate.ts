import { createServer, request as plainRequest } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestFault } from '../schedule.ts'
import { watchStalls } from './stall-watch.ts'
import type { StallWatch } from './stall-watch.ts'
import type { RequestFaults, Weather } from './weather.ts'

/** A server that stands before another one of HTTP, and is as unreliable as it is told. */
export interface HttpGate {
  /** `http://127.0.0.1:<port>` */
  address: string
  server: Server
  close(): void
}

/** What a gate stands before, and what goes wrong there. */
export interface HttpGateOptions {
  /** The address behind it, and the certificate that it must have. */
  target: { url: string; ca?: string }
  weather: Pick<Weather, 'has' | 'onChange'>
  /** Asked for each request that counts. */
  faults: RequestFaults
  /** Which requests count, may have a fault of their own and take `delayMs`. */
  counts: (incoming: IncomingMessage) => boolean
  /** How much longer each of them takes. */
  delayMs?: number
  /** The body of a refusal with this code. */
  refusal: (code: number) => { code: number; type: string; body: string }
  /** Stands in the audit log of the API server. */
  userAgent?: string
}

/** A slow request takes so much longer. */
const slowMs = 400
/** A request that was held back, also by this process when it stood still, is not passed on when a write of a lost worker could not land any more (rule 7). */
const heldMsMax = 3_500
const lateMs = 2_500

/** Opens one. */
export async function openHttpGate(options: HttpGateOptions): Promise<HttpGate> {
  const { target, weather } = options
  const agent = target.url.startsWith('https:')
    ? new Agent({ ...(target.ca === undefined ? {} : { ca: target.ca }), keepAlive: true, maxSockets: 256 })
    : undefined
  const sockets = new Set<Socket>()
  const stalls = watchStalls()
  const server = createServer((incoming, outgoing) => {
    const handled = handle({ incoming, outgoing }, options, { agent, stalls })
    handled.catch(() => incoming.socket.destroy())
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => {
    if (weather.has('cut')) return socket.destroy()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  const end = weather.onChange(() => {
    if (weather.has('cut')) for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    close() {
      end()
      stalls.stop()
      server.close()
      for (const socket of sockets) socket.destroy()
      agent?.destroy()
    },
  }
}

interface Means {
  agent: Agent | undefined
  stalls: StallWatch
}

interface Exchange {
  incoming: IncomingMessage
  outgoing: ServerResponse
}

async function handle(exchange: Exchange, options: HttpGateOptions, { agent, stalls }: Means): Promise<void> {
  const { incoming, outgoing } = exchange
  const cameAt = performance.now() - stalls.heldMs()
  const isCounted = options.counts(incoming)
  const fault = (isCounted ? options.faults.next() : undefined) ?? spellOf(options.weather)
  const isLate = fault === 'late' && isCounted
  if (fault === 'lost') return void incoming.socket.destroy()
  if (fault === 'busy' || fault === 'failing') return refuse(exchange, options.refusal(fault === 'busy' ? 429 : 500))
  // It is read before its connection is reset.
  const body = isLate || fault === 'unanswered' ? await buffer(incoming) : undefined
  if (isLate) {
    incoming.socket.destroy()
    await sleep(lateMs)
    return passOn(exchange, options, { agent, body, isAnswered: false })
  }
  if (!(await getThrough(exchange, options, { isCounted, cameAt }))) return void incoming.socket.destroy()
  if (outgoing.destroyed) return
  passOn(exchange, options, { agent, body, isAnswered: fault !== 'unanswered' })
}

let requests = 0

/** Each second request of a spell has its fault. */
function spellOf(weather: Pick<Weather, 'has'>): RequestFault | undefined {
  const isHit = ++requests % 2 === 0
  return isHit ? (['busy', 'failing', 'unanswered'] as const).find((fault) => weather.has(fault)) : undefined
}

/** Waits as long as the way is slow or stalled; false where it was held back for too long. */
async function getThrough(
  { outgoing }: Exchange,
  { weather, delayMs = 0 }: HttpGateOptions,
  { isCounted, cameAt }: { isCounted: boolean; cameAt: number },
): Promise<boolean> {
  if (isCounted && delayMs > 0) await sleep(delayMs)
  if (weather.has('slow')) await sleep(slowMs)
  while (weather.has('stalled') && !outgoing.destroyed) await sleep(50)
  return performance.now() - cameAt < heldMsMax
}

function refuse({ incoming, outgoing }: Exchange, refusal: ReturnType<HttpGateOptions['refusal']>): void {
  incoming.resume()
  incoming.on('end', () => {
    outgoing.writeHead(refusal.code, { 'content-type': refusal.type, 'retry-after': '1' })
    outgoing.end(refusal.body)
  })
}

function passOn(
  { incoming, outgoing }: Exchange,
  { target, userAgent }: HttpGateOptions,
  { agent, body, isAnswered }: { agent: Agent | undefined; body: Buffer | undefined; isAnswered: boolean },
): void {
  const ask = agent === undefined ? plainRequest : request
  const headers = { ...incoming.headers, ...(userAgent === undefined ? {} : { 'user-agent': userAgent }) }
  const options = { method: incoming.method, headers, ...(agent === undefined ? {} : { agent }) }
  const onward = ask(`${target.url}${incoming.url ?? ''}`, options, (answer) => {
    if (!isAnswered) {
      answer.resume()
      answer.on('end', () => incoming.socket.destroy())
      return
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
    answer.on('error', () => outgoing.destroy())
  })
  onward.on('error', () => incoming.socket.destroy())
  if (isAnswered) outgoing.on('close', () => onward.destroy())
  if (body === undefined) incoming.pipe(onward)
  else onward.end(body)
}
