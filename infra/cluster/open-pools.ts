import net from 'node:net'
import { buildConnector, Pool, ProxyAgent, type Dispatcher } from 'undici'
import type { Credentials } from './credentials.ts'

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
export function openPools(credentials: Credentials, connectionsMax: number): Pools {
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
