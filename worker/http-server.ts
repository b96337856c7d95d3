import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { HttpAddress } from './config.ts'

/** One thing that a worker needs, and whether it has it. */
export interface Check {
  name: string
  ok: boolean
  /** What is wrong, where it is not ok. */
  detail?: string
}

/** What the worker answers over HTTP. */
export interface HttpAnswers {
  /** False where only a restart of the process helps. */
  alive: () => boolean
  ready: () => Promise<readonly Check[]>
  metrics: () => Promise<string>
}

/** The running server. */
export interface HttpServer {
  /** `host:port` as it is served. */
  address: string
  close(): Promise<void>
}

/** Connections at once. Beyond that the oldest one that asks for nothing makes room for the new one. */
const connectionsMax = 256

/** How long a connection may stand still, with a request or without one. */
const stillMs = 10_000

/** Serves `/livez`, `/readyz` and `/metrics`. Where the default address is taken it takes any free port. */
export async function serveHttp(address: HttpAddress, answers: HttpAnswers): Promise<HttpServer> {
  const limits = {
    requestTimeout: 5000,
    headersTimeout: 5000,
    keepAliveTimeout: 5000,
    connectionsCheckingInterval: 1000,
  }
  const busy = new WeakSet<Socket>()
  const server = createServer(limits, (request, response) => {
    busy.add(request.socket)
    response.once('close', () => busy.delete(request.socket))
    void answer(request.method ?? 'GET', request.url ?? '/', response, answers)
  })
  server.setTimeout(stillMs)
  makeRoom(server, (socket) => busy.has(socket))
  try {
    await listen(server, address.host, address.port)
  } catch (thrown) {
    if (!isTaken(thrown)) throw thrown
    if (!address.isDefault)
      throw new Error(`DRYDOCK_HTTP_ADDRESS ${show(address)} is taken by another program`, { cause: thrown })
    await listen(server, address.host, 0)
  }
  return {
    address: show({ host: address.host, port: (server.address() as AddressInfo).port }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Idle connections, however many, keep no probe out: who stops answering probes is restarted. */
function makeRoom(server: Server, isBusy: (socket: Socket) => boolean): void {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    if (open.size <= connectionsMax) return
    const oldest = [...open].find((one) => one !== socket && !isBusy(one)) ?? socket
    open.delete(oldest)
    oldest.destroy()
  })
}

async function answer(method: string, url: string, response: ServerResponse, answers: HttpAnswers): Promise<void> {
  try {
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'only GET is answered here\n')
    switch (new URL(url, 'http://worker').pathname) {
      case '/livez':
        return answers.alive() ? send(response, 200, 'text/plain', 'ok\n') : send(response, 503, 'text/plain', 'dead\n')
      case '/readyz': {
        const checks = await answers.ready()
        const ready = checks.every(({ ok }) => ok)
        return send(response, ready ? 200 : 503, 'application/json', `${JSON.stringify({ ready, checks })}\n`)
      }
      case '/metrics':
        return send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await answers.metrics())
      default:
        return send(response, 404, 'text/plain', 'there are /livez, /readyz and /metrics\n')
    }
  } catch {
    send(response, 500, 'text/plain', 'the worker could not answer\n')
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function isTaken(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE'
}

function show({ host, port }: { host: string; port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
