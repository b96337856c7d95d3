import { type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../../../core/port-errors.ts'
import { connectCluster, type ClusterConnection, type ConnectOptions } from '../../../infra/cluster/connect.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startCutProxy } from './cut-proxy.ts'
import { quietLog } from './quiet-log.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const by = { fieldManager: 'drydock-test' }

/** What proxies and dying servers do; a real API server does not do it on demand. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void

describe('requests on the wire', () => {
  let directory: string
  let server: Server
  let answer: Answer
  let seen: string[]
  let opened: ClusterConnection[]

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'drydock-wire-'))
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'key.pem',
        '-out',
        'cert.pem',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
      ],
      { cwd: directory, stdio: 'ignore' },
    )
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  beforeEach(async () => {
    seen = []
    opened = []
    const handle: Answer = (request, response) => {
      if (request.url?.startsWith('/base/api/v1/namespaces/kube-system') === true) {
        response.end('{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system","uid":"cluster-1"}}')
        return
      }
      seen.push(`${request.method} ${request.url}`)
      answer(request, response)
    }
    const keys = { key: readFileSync(join(directory, 'key.pem')), cert: readFileSync(join(directory, 'cert.pem')) }
    server = createTlsServer(keys, handle)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    for (const connection of opened) await connection.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  async function connect(
    options: Partial<ConnectOptions> = {},
    port = (server.address() as AddressInfo).port,
  ): Promise<ClusterConnection> {
    const kubeconfig = join(directory, 'kubeconfig')
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [
          { name: 'c', cluster: { server: `https://127.0.0.1:${port}/base/`, 'certificate-authority': 'cert.pem' } },
        ],
        users: [{ name: 'u', user: { username: 'me', password: 'pass' } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    )
    const connection = await connectCluster({
      kubeconfig,
      log: quietLog(),
      requestTimeoutSeconds: 4,
      connectionsMax: 1,
      ...options,
    })
    opened.push(connection)
    return connection
  }

  const create = (connection: ClusterConnection, name: string) =>
    connection.cluster.create(configMaps, 'default', { metadata: { name } }, by)
  const outcome = (promise: Promise<unknown>) =>
    promise.then(
      () => 'done',
      (error: unknown) => error as ApiError,
    )

  it('carry the field manager, the deadline of the server, the base path and the credentials', async () => {
    let authorization: string | undefined
    answer = (request, response) => {
      authorization = request.headers.authorization
      response.end('{}')
    }
    await create(await connect(), 'a')
    expect(seen).toEqual(['POST /base/api/v1/namespaces/default/configmaps?timeout=4s&fieldManager=drydock-test'])
    expect(authorization).toBe(`Basic ${Buffer.from('me:pass').toString('base64')}`)
  })

  it('go out again with the credentials read anew once they were refused', async () => {
    const basic = (password: string) => `Basic ${Buffer.from(`me:${password}`).toString('base64')}`
    answer = (request, response) => {
      if (request.headers.authorization === basic('rotated')) response.end('{}')
      else response.writeHead(401).end()
    }
    const connection = await connect()
    const kubeconfig = join(directory, 'kubeconfig')
    writeFileSync(kubeconfig, readFileSync(kubeconfig, 'utf8').replace('"pass"', '"rotated"'))
    const both = await Promise.all(['a', 'b'].map((name) => outcome(create(connection, name))))
    expect(both).toEqual(['done', 'done'])
    expect(await outcome(create(connection, 'c'))).toBe('done')
    expect(seen.length).toBeLessThanOrEqual(5)
  })

  it('ask for the Lease when a write goes out, not when it gets in line', async () => {
    let held = true
    answer = (_request, response) => {
      held = false
      setTimeout(() => response.end('{}'), 50)
    }
    const connection = await connect({
      assertMayWrite: () => {
        if (!held) throw new ApiError({ code: 0, reason: 'NoLease', message: 'gone' })
      },
    })
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((name) => outcome(create(connection, name))))
    expect(seen).toHaveLength(1)
    expect(outcomes[0]).toBe('done')
    for (const refused of outcomes.slice(1)) expect(refused).toMatchObject({ reason: 'NoLease' })
    held = true
    expect(await outcome(create(connection, 'e'))).toBe('done')
  })

  it('reset the connection of a write that got no answer in time, and go on over a new one', async () => {
    const proxy = await startCutProxy((server.address() as AddressInfo).port)
    answer = () => undefined
    const connection = await connect({ requestTimeoutSeconds: 1 }, proxy.port)
    expect(await outcome(create(connection, 'a'))).toMatchObject({ code: 0, reason: 'Timeout' })
    await waitUntil(() => proxy.ends.length > 0, 10_000, 'the end of the connection')
    expect(proxy.ends).toEqual(['ECONNRESET'])
    answer = (_request, response) => response.end('{}')
    expect(await outcome(create(connection, 'b'))).toBe('done')
    await proxy.close()
  })

  it('tell of a write that may still take effect: its connection broke, or a proxy got no answer; of nothing else', async () => {
    const unanswered: number[] = []
    const connection = await connect({ onUnanswered: (withinMs) => unanswered.push(withinMs) })
    const cases: [Answer, number][] = [
      [(_request, response) => void response.socket?.destroy(), 1],
      [(_request, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>'), 2],
      [(_request, response) => response.writeHead(409, { 'content-type': 'application/json' }).end('{}'), 2],
      [(_request, response) => response.end('{}'), 2],
    ]
    for (const [answered, told] of cases) {
      answer = answered
      await outcome(create(connection, 'a'))
      expect(unanswered).toHaveLength(told)
    }
    answer = (_request, response) => void response.socket?.destroy()
    await outcome(connection.cluster.get({ ...configMaps, namespace: 'shop', name: 'a' }))
    expect(unanswered).toHaveLength(2)
    for (const withinMs of unanswered) expect(withinMs).toBeGreaterThan(0)
  })

  it.each([
    [
      307,
      '',
      undefined,
      { reason: '', message: 'the server responded with the status code 307 but did not return more information' },
    ],
    [
      401,
      'text/plain',
      'Unauthorized',
      { reason: 'Unauthorized', message: 'the server has asked for the client to provide credentials' },
    ],
    [403, 'text/plain', 'proxy says no\n', { reason: 'Forbidden', message: 'proxy says no' }],
    [
      404,
      'text/plain',
      '404 page not found',
      { reason: 'NotFound', message: 'the server could not find the requested resource' },
    ],
    [409, 'text/html', '<p>', { reason: 'AlreadyExists', message: 'the server reported a conflict' }],
    [
      429,
      'text/plain',
      'slow down',
      {
        reason: 'TooManyRequests',
        message: 'the server has received too many requests and has asked us to try again later',
        retryAfterSeconds: 7,
      },
    ],
    [
      500,
      'text/plain',
      'boom',
      { reason: 'InternalError', message: 'an error on the server ("boom") has prevented the request from succeeding' },
    ],
    [
      502,
      'application/json',
      '{"a":1}',
      {
        reason: 'InternalError',
        message: 'an error on the server ("unknown") has prevented the request from succeeding',
      },
    ],
    [
      503,
      'text/plain',
      '',
      { reason: 'ServiceUnavailable', message: 'the server is currently unable to handle the request' },
    ],
    [
      504,
      'text/plain',
      '',
      {
        reason: 'Timeout',
        message:
          'the server was unable to return a response in the time allotted, but may still be processing the request',
      },
    ],
  ])("put a bare %i into the words of Kubernetes' client", async (code, contentType, body, expected) => {
    answer = (_request, response) => {
      response.writeHead(code, { 'content-type': contentType, 'retry-after': '7', location: '/elsewhere' }).end(body)
    }
    expect(await outcome(create(await connect(), 'a'))).toMatchObject({ code, ...expected })
    expect(seen).toHaveLength(code === 401 ? 2 : 1)
  })

  it('tell an answer that is no JSON', async () => {
    answer = (_request, response) => response.end('<html>')
    expect(await outcome(create(await connect(), 'a'))).toMatchObject({ code: 200, reason: 'Undecodable' })
  })
})
