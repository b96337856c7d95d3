import { createHash } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { getCACertificates } from 'node:tls'

/** Connection pools by TLS settings. */
export interface Agents {
  get(tls: TlsSettings): AgentPair
}

export interface TlsSettings {
  caCert: string | undefined
  insecureSkipTlsVerify: boolean
}

export interface AgentPair {
  httpAgent: HttpAgent
  httpsAgent: HttpsAgent
}

/**
 * Keeps one bounded pool of kept-alive connections per TLS setting: locations are opened for every activity, and a
 * pool each would leave sockets behind and pay a handshake each time.
 */
export function createAgents(): Agents {
  const pools = new Map<string, AgentPair>()
  return {
    get(tls) {
      const key = createHash('sha256')
        .update(`${tls.insecureSkipTlsVerify}\n${tls.caCert ?? ''}`)
        .digest('hex')
      const pool = pools.get(key) ?? createPair(tls)
      pools.set(key, pool)
      return pool
    },
  }
}

const socketsMax = 64

function createPair({ caCert, insecureSkipTlsVerify }: TlsSettings): AgentPair {
  const pool = { keepAlive: true, maxSockets: socketsMax, maxFreeSockets: 16 }
  return {
    httpAgent: new HttpAgent(pool),
    httpsAgent: new HttpsAgent({
      ...pool,
      rejectUnauthorized: !insecureSkipTlsVerify,
      // The location's certificate comes on top of the machine's, as in Velero.
      ...(caCert === undefined ? {} : { ca: [...getCACertificates('default'), caCert] }),
    }),
  }
}
