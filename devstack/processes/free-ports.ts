import { createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server ended since another process listens on a port that was free when it was chosen. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken'
}

/**
 * Starts a server on so many free ports. Between the choice and the server's own bind another process may take one of them;
 * a start that fails by `PortTaken` is tried again on other ports.
 */
export async function onFreePorts<T>(count: number, start: (ports: readonly number[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePorts(count))
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === attemptsMax) throw error
    }
  }
}

const attemptsMax = 5

/** Ports of 127.0.0.1 that nobody listens on; all are held at once, so no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere))
  const ports = servers.map(portOf)
  await Promise.all(servers.map(close))
  return ports
}

/** One free port. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  if (port === undefined) throw new Error('no free port')
  return port
}

/** Whether nobody listens on a port, on any address of this machine. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await close(await listen(port, '::'))
    return true
  } catch {
    return false
  }
}

/**
 * Below the ports that Linux and macOS give to outgoing connections and to servers that ask for any port: those come and go all
 * the time, and one of them could come between our choice and the server's bind.
 */
const range = { from: 12_000, to: 30_000 }

async function listenAnywhere(): Promise<Server> {
  for (let tries = 0; tries < 200; tries++) {
    const port = range.from + Math.floor(Math.random() * (range.to - range.from))
    try {
      return await listen(port, '127.0.0.1')
    } catch {
      await sleep(1)
    }
  }
  throw new Error(`no free port between ${range.from} and ${range.to}`)
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a listening server has no port')
  return address.port
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
