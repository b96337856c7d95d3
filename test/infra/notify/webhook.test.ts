import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { createWebhook, headersOf } from '../../../infra/notify/webhook.ts'
import type { WebhookOptions } from '../../../infra/notify/webhook.ts'

const closing: (() => void)[] = []
afterEach(() => closing.splice(0).forEach((close) => close()))

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const notice = { id: 'd'.repeat(32), body: '{"text":"Grüße"}', at: new Date('2026-01-02T03:04:05.678Z') }
const webhookTo = (url: string, more: Partial<WebhookOptions> = {}) =>
  createWebhook({ url, secret: undefined, env: {}, ...more })
const send = (url: string, more?: Partial<WebhookOptions>) =>
  webhookTo(url, more).send(notice, new AbortController().signal)

describe('a webhook', () => {
  it('posts the notification with its id, its time and its signature', async () => {
    const got: { body: string; headers: IncomingHttpHeaders; at: string | undefined }[] = []
    const url = await listen((request, response) => {
      void text(request).then((body) => {
        got.push({ body, headers: request.headers, at: `${request.method} ${request.url}` })
        response.writeHead(202).end('thanks')
      })
    })
    expect(await send(`${url}/a/token?x=1`, { secret: 'hush' })).toEqual({ do: 'delivered' })
    expect(got).toEqual([
      {
        body: notice.body,
        at: 'POST /a/token?x=1',
        headers: expect.objectContaining({
          'content-type': 'application/json',
          'x-drydock-delivery': notice.id,
          'x-drydock-timestamp': '1767323045',
          'x-drydock-signature': expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
        }),
      },
    ])
    expect(JSON.stringify(got)).not.toContain('hush')
  })

  it('does not wait for the rest of an answer that says all', async () => {
    const url = await listen((_request, response) => void response.writeHead(200).write('more to come'))
    expect(await send(url)).toEqual({ do: 'delivered' })
  })

  it('follows no redirect', async () => {
    let asked = 0
    const other = await listen((_request, response) => void (asked++, response.end()))
    const url = await listen((_request, response) => void response.writeHead(307, { location: other }).end())
    expect(await send(url)).toEqual({ do: 'refused', why: expect.stringContaining('answered 307, a redirect') })
    expect(asked).toBe(0)
  })

  it('reads nothing of what a receiver says: it may quote the path or a key of the request', async () => {
    const url = await listen((_request, response) => {
      response.writeHead(500)
      const pour = (): void => void (!response.destroyed && response.write('x'.repeat(65_536), pour))
      pour()
    })
    expect(await send(url)).toEqual({ do: 'again', why: 'answered 500' })
  })

  it.each<[string, RequestListener]>([
    ['never answers', () => {}],
    ['stops in the midst of the head', (request) => void request.socket.write('HTTP/1.1 500 In')],
  ])('gives up a receiver that %s', async (_what, answer) => {
    const url = await listen(answer)
    expect(await send(url, { timeoutMs: 200 })).toEqual({ do: 'again', why: 'did not answer within 0.2 s' })
  })

  it('tells why a receiver could not be reached, and nothing of the path of its address', async () => {
    const url = 'http://127.0.0.1:9/services/T0/secret-token'
    const webhook = webhookTo(url)
    const told = await webhook.send(notice, new AbortController().signal)
    expect(told).toEqual({ do: 'again', why: expect.stringMatching(/^could not be reached: .*ECONNREFUSED/) })
    expect(`${webhook.receiver} ${JSON.stringify(told)}`).not.toContain('secret-token')
    expect(webhook.receiver).toBe('http://127.0.0.1:9')
  })

  it('goes through the proxy of the environment', async () => {
    const asked: (string | undefined)[] = []
    const proxy = await listen((request, response) => void (asked.push(request.url), response.end()))
    expect(await send('http://hooks.example.com/x', { env: { HTTP_PROXY: proxy } })).toEqual({ do: 'delivered' })
    expect(asked).toEqual(['http://hooks.example.com/x'])
  })

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController()
    const url = await listen(() => stop.abort(new Error('the worker stops')))
    await expect(webhookTo(url).send(notice, stop.signal)).rejects.toThrow('the worker stops')
  })
})

describe('the snippet of the page on notifications', async () => {
  const page = readFileSync('docs/notifications.md', 'utf8')
  const [, code = ''] = /<!-- verify -->\s+```ts\n(.*?)```/s.exec(page) ?? []
  const { isGenuine } = (await import(`data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(code))}`)) as {
    isGenuine: (headers: object, body: string, secret: string, nowMs: number) => boolean
  }
  const headers = headersOf(notice, 'hush')
  const now = notice.at.getTime()

  it('takes what a worker has signed', () => {
    expect(isGenuine(headers, notice.body, 'hush', now + 60_000)).toBe(true)
  })

  it.each([
    ['another body', headers, '{}', 'hush', 0],
    ['another secret', headers, notice.body, 'hash', 0],
    ['another time', { ...headers, 'x-drydock-timestamp': '1767323046' }, notice.body, 'hush', 0],
    ['an old one', headers, notice.body, 'hush', 600_000],
    ['one without a signature', headersOf(notice, undefined), notice.body, 'hush', 0],
  ])('refuses %s', (_what, sent, body, secret, laterMs) => {
    expect(isGenuine(sent, body, secret, now + laterMs)).toBe(false)
  })
})
