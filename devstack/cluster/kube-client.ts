import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'

/** The few requests that the stack makes to an API server, over one pool of connections. */
export interface KubeClient {
  request(method: Method, path: string, body?: unknown, contentType?: string): Promise<KubeAnswer>
  /** As `request`, but a refusal is thrown with the server's words. */
  must(method: Method, path: string, body?: unknown, contentType?: string): Promise<KubeAnswer>
  close(): Promise<void>
}

export interface KubeAnswer {
  status: number
  /** JSON as read, or the text where it is none. */
  body: unknown
}

/** A request that gets 429 is repeated: a kind that was just defined is not served at once. */
const busyMax = 20
const busyMs = 500

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Opens an API server by its address, its certificate and a token. */
export function openKubeClient(target: { url: string; ca: string; token: string }): KubeClient {
  const dispatcher = new Agent({ connections: 8, connect: { ca: target.ca } })
  const askOnce: KubeClient['request'] = async (method, path, body, contentType = 'application/json') => {
    const answer = await request(target.url + path, {
      method,
      dispatcher,
      headers: { authorization: `Bearer ${target.token}`, accept: 'application/json', 'content-type': contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.statusCode, body: parse(await answer.body.text()) }
  }
  const ask: KubeClient['request'] = async (...asked) => {
    for (let busy = 1; ; busy++) {
      const answer = await askOnce(...asked)
      if (answer.status !== 429 || busy === busyMax) return answer
      await sleep(busyMs)
    }
  }
  return {
    request: ask,
    must: async (method, path, body, contentType) => {
      const answer = await ask(method, path, body, contentType)
      if (answer.status < 300) return answer
      throw new Error(`${method} ${path}: ${answer.status} ${reasonOf(answer.body)}`)
    },
    close: () => dispatcher.close(),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function reasonOf(body: unknown): string {
  const message = (body as { message?: unknown } | undefined)?.message
  return typeof message === 'string' ? message : String(body)
}
