import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { ExecOptions } from '../../../activities/ports.ts'
import { createPodExec } from '../../../infra/cluster/exec.ts'
import { statusOf } from '../../kit/exec-front.ts'

/** A server that behaves as the API server's `exec` does: websocket, Kubernetes' channels, a status at the end. */
describe('running a command in a container', () => {
  const server = createServer((_, answer) => {
    const { code, body } = refusal
    answer.writeHead(code, { 'content-type': body.startsWith('{') ? 'application/json' : 'text/plain' }).end(body)
  })
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered].find((protocol) => spoken.includes(protocol)) ?? false,
  })
  let spoken: string[]
  let refusal: { code: number; body: string }
  let isRefusing: boolean
  let serve: (socket: WebSocket) => void
  let seen: { url: string; protocol: string; authorization: string; as?: unknown[] }[]
  let port: number

  server.on('upgrade', (incoming, socket, head) => {
    if (isRefusing) {
      const { code, body } = refusal
      const type = body.startsWith('{') ? 'application/json' : 'text/plain'
      socket.end(
        `HTTP/1.1 ${code} Refused\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
      seen.push({ url: incoming.url ?? '', protocol: '', authorization: incoming.headers.authorization ?? '' })
      return
    }
    sockets.handleUpgrade(incoming, socket, head, (opened) => {
      seen.push({
        url: incoming.url ?? '',
        protocol: opened.protocol,
        authorization: incoming.headers.authorization ?? '',
        as: [incoming.headers['impersonate-user'], incoming.headersDistinct['impersonate-group']],
      })
      serve(opened)
    })
  })

  beforeEach(async () => {
    spoken = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
    seen = []
    isRefusing = false
    refusal = { code: 500, body: 'no' }
    serve = (socket) => finish(socket, 0)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterEach(async () => {
    for (const socket of sockets.clients) socket.terminate()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const finish = (socket: WebSocket, code: number) => {
    socket.send(frame(3, JSON.stringify(statusOf(code))))
    socket.close(1000)
  }
  const frame = (channel: number, text: string) => Buffer.concat([Buffer.from([channel]), Buffer.from(text)])
  const command = { namespace: 'shop', pod: 'web-1', container: 'app', command: ['sh', '-c', 'echo a & b=c'] }
  const run = (
    options: Partial<ExecOptions> & { assertMayWrite?: () => void; server?: string; user?: object } = {},
  ) => {
    const { timeoutMs = 5_000, signal = new AbortController().signal, assertMayWrite, as } = options
    const kubeconfig = kubeconfigFor(options.server ?? `http://127.0.0.1:${port}/gateway`, options.user)
    return createPodExec({ kubeconfig, assertMayWrite }).run(command, { timeoutMs, signal, as })
  }

  it('sends the command word by word, with the credentials, and gathers both outputs', async () => {
    serve = (socket) => {
      socket.send(frame(1, 'out'))
      socket.send(frame(2, 'err'))
      finish(socket, 0)
    }
    expect(await run()).toEqual({ do: 'ended', problem: '', stdout: 'out', stderr: 'err' })
    const url = new URL(seen[0]?.url ?? '', 'http://x')
    expect(url.pathname).toBe('/gateway/api/v1/namespaces/shop/pods/web-1/exec')
    expect(url.searchParams.getAll('command')).toEqual(command.command)
    expect(url.searchParams.get('container')).toBe('app')
    expect(seen[0]).toMatchObject({ protocol: 'v5.channel.k8s.io', authorization: 'Bearer secret-token' })
  })

  it('sends it as the user that is named, with all of its groups, and else as nobody but the sender', async () => {
    await run()
    await run({ as: { user: 'alice', groups: ['shopkeepers', 'readers'] } })
    expect(seen.map(({ as }) => as)).toEqual([
      [undefined, undefined],
      ['alice', ['shopkeepers', 'readers']],
    ])
  })

  it('sends nothing where the kubeconfig acts as somebody already, as whom the command would not be run then', async () => {
    const alice = { user: 'alice', groups: [] }
    expect(await run({ as: alice, user: { token: 'secret-token', as: 'narrow' } })).toMatchObject({
      do: 'ended',
      problem: expect.stringContaining('the worker may not act as user alice: its kubeconfig acts as user narrow (as)'),
    })
    expect(await run({ as: { ...alice, groups: ['system:masters'] } })).toMatchObject({ do: 'ended' })
    expect(seen).toEqual([])
    expect(await run({ user: { token: 'secret-token', as: 'narrow' } })).toMatchObject({ problem: '' })
    expect(seen.map(({ as }) => as)).toEqual([['narrow', undefined]])
  })

  it('speaks the older protocol where the server knows no other', async () => {
    spoken = ['v4.channel.k8s.io']
    expect(await run()).toMatchObject({ do: 'ended', problem: '' })
    expect(seen[0]?.protocol).toBe('v4.channel.k8s.io')
  })

  it('tells an exit code in the words of Kubernetes’ client', async () => {
    serve = (socket) => finish(socket, 7)
    expect(await run()).toMatchObject({ problem: 'command terminated with exit code 7' })
  })

  it('gives up after the timeout, in Go’s notation', async () => {
    serve = () => undefined
    expect(await run({ timeoutMs: 300 })).toMatchObject({ do: 'ended', problem: 'timed out after 300ms' })
  })

  it('ends with the signal’s reason when it is stopped', async () => {
    const stop = new AbortController()
    serve = () => stop.abort(new Error('stopped'))
    await expect(run({ signal: stop.signal })).rejects.toThrow('stopped')
  })

  it('keeps the beginning of an output without end', async () => {
    serve = (socket) => {
      for (let piece = 0; piece < 100; piece++) socket.send(frame(1, 'x'.repeat(10_000)))
      finish(socket, 0)
    }
    const answer = await run()
    expect(answer.do === 'ended' ? answer.stdout.length : 0).toBe(64 * 1024)
  })

  it('says so when the connection breaks before the end', async () => {
    serve = (socket) => socket.close(1011, 'container is gone')
    expect(await run()).toMatchObject({
      problem: 'the connection closed before the command had ended: websocket: close 1011: container is gone',
    })
  })

  it.each([
    [
      404,
      JSON.stringify({
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        message: 'pods "web-1" not found',
        reason: 'NotFound',
        code: 404,
      }),
      { do: 'ended', problem: 'pods "web-1" not found' },
    ],
    [
      400,
      'container not found ("app")',
      { do: 'ended', problem: 'unable to upgrade connection: container not found ("app")' },
    ],
    [429, 'slow down', { do: 'not-begun', because: 'unable to upgrade connection: slow down' }],
  ])('a refusal with %i is told from a command that has failed', async (code, body, expected) => {
    isRefusing = true
    refusal = { code, body }
    expect(await run()).toMatchObject(expected)
  })

  it('reads the credentials once more where they are refused', async () => {
    isRefusing = true
    refusal = { code: 401, body: 'Unauthorized' }
    expect(await run()).toMatchObject({ do: 'ended', problem: 'unable to upgrade connection: Unauthorized' })
    expect(seen).toHaveLength(2)
  })

  it('knows that nothing has run where nobody listens, and sends nothing where this worker may not write', async () => {
    expect(await run({ server: 'http://127.0.0.1:1' })).toMatchObject({ do: 'not-begun' })
    const denied = () => {
      throw new Error('this worker may not write')
    }
    await expect(run({ assertMayWrite: denied })).rejects.toThrow('this worker may not write')
    expect(seen).toHaveLength(0)
  })
})

function kubeconfigFor(server: string, user: object = { token: 'secret-token' }): string {
  const file = join(mkdtempSync(join(tmpdir(), 'drydock-exec-')), 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}
