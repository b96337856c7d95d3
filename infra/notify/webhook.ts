import { createHmac } from 'node:crypto'
import { request as requestHttp } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Notice, Webhook } from '../../activities/webhook-port.ts'
import { judgeAnswer } from '../../core/notify/judge-answer.ts'
import type { Delivery } from '../../core/notify/judge-answer.ts'
import { createAgents } from '../store/s3-client.ts'
import type { ProxyEnv } from '../store/s3-client.ts'

/** The receiver of notifications. */
export interface WebhookOptions {
  url: string
  /** What notifications are signed with; undefined: they are not signed. */
  secret: string | undefined
  /** Has the variables of a proxy. */
  env: ProxyEnv
  /** How long one try may take; 10 s by default. */
  timeoutMs?: number
}

const defaultTimeoutMs = 10_000

/** Makes the port over HTTP. Proxies and certificates are those of the requests to buckets; redirects are not followed. */
export function createWebhook({ url, secret, env, timeoutMs = defaultTimeoutMs }: WebhookOptions): Webhook {
  const address = new URL(url)
  const agents = createAgents(env).get({ caCert: undefined, insecureSkipTlsVerify: false })
  return {
    receiver: address.origin,
    async send(notice, signal) {
      const late = AbortSignal.timeout(timeoutMs)
      const options: RequestOptions = {
        method: 'POST',
        headers: { ...headersOf(notice, secret), 'content-length': Buffer.byteLength(notice.body) },
        agent: address.protocol === 'https:' ? agents.httpsAgent : agents.httpAgent,
        signal: AbortSignal.any([signal, late]),
      }
      try {
        return await exchange(address, options, notice.body)
      } catch (thrown) {
        signal.throwIfAborted()
        if (late.aborted) return { do: 'again', why: `did not answer within ${timeoutMs / 1000} s` }
        return { do: 'again', why: `could not be reached: ${causeOf(thrown)}` }
      }
    },
  }
}

/** The headers of a notification. The signature is over the time and the body, so that an old one cannot be sent again later. */
export function headersOf({ id, body, at }: Notice, secret: string | undefined): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  return {
    'content-type': 'application/json',
    'user-agent': 'drydock',
    'x-drydock-delivery': id,
    'x-drydock-timestamp': timestamp,
    ...(secret === undefined ? {} : { 'x-drydock-signature': `sha256=${signatureOf(timestamp, body, secret)}` }),
  }
}

function signatureOf(timestamp: string, body: string, secret: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
}

async function exchange(address: URL, options: RequestOptions, body: string): Promise<Delivery> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = address.protocol === 'https:' ? requestHttps : requestHttp
    send(address, options, resolve).on('error', reject).end(body)
  })
  const { statusCode: status = 0, headers } = response
  response.destroy()
  return judgeAnswer(status, headers['retry-after'])
}

/** Of several addresses that were tried the error has one for each, and no message of its own. */
function causeOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') return causeOf(thrown.errors[0])
  return thrown instanceof Error ? thrown.message : String(thrown)
}
