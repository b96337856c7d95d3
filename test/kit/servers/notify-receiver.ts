import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { headersOf } from '../../../infra/notify/webhook.ts'
import { whenFileIsOver } from '../run/clean-up.ts'

/** A notification as it came in. */
export interface Received {
  /** The name of the Restore. */
  name: string
  body: string
  headers: IncomingHttpHeaders
}

/** A receiver of notifications. */
export interface Receiver {
  /** Its address, with a path that no log may have. */
  url: string
  received: readonly Received[]
  of(name: string): Received[]
  /** Whether it was signed with the secret, over its time and its body. */
  isSigned(one: Received): boolean
}

/** Starts one, which takes what it gets, or answers as it is told. It ends with the tests of the file. */
export async function startReceiver(
  secret: string,
  answer: (one: Received, response: ServerResponse, count: number) => void = (_one, response) => void response.end(),
): Promise<Receiver> {
  const received: Received[] = []
  const of = (name: string) => received.filter((one) => one.name === name)
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { name } = JSON.parse(body) as { name: string }
      const one = { name, body, headers: request.headers }
      received.push(one)
      answer(one, response, of(name).length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  whenFileIsOver(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/token-of-the-address`,
    received,
    of,
    isSigned({ headers, body }) {
      const id = String(headers['x-drydock-delivery'])
      const at = new Date(Number(headers['x-drydock-timestamp']) * 1000)
      return headersOf({ id, body, at }, secret)['x-drydock-signature'] === headers['x-drydock-signature']
    },
  }
}
