import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { createPodExec } from '../../../infra/cluster/exec.ts'
import { statusOf } from '../../kit/exec-front.ts'
import { withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'

/** The real API server hands the websocket through to a node's kubelet; the kubelet is the only part that is not real. */
describe('a command by the real API server to a kubelet', () => {
  let cluster: TestCluster
  const asked: string[] = []
  const stops: (() => void)[] = []

  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    const port = await startKubelet(cluster)
    await withAdmin(cluster, async (admin) => {
      await admin.must('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node' } })
      const status = {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
        // Without it the API server would speak SPDY to the node.
        declaredFeatures: ['ExtendWebSocketsToKubelet'],
      }
      await admin.must('PATCH', '/api/v1/nodes/node/status', { status }, 'application/merge-patch+json')
      await admin.must('POST', '/api/v1/namespaces/default/pods', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web' },
        spec: { nodeName: 'node', containers: [{ name: 'app', image: 'example.com/app:1' }] },
      })
    })
  })
  afterAll(() => stops.forEach((stop) => stop()))

  async function startKubelet({ dir }: TestCluster): Promise<number> {
    const pem = (name: string) => readFileSync(join(dir, 'kube-apiserver', name))
    const server = createServer({ cert: pem('apiserver.crt'), key: pem('apiserver.key') })
    const sockets = new WebSocketServer({ server, handleProtocols: () => 'v5.channel.k8s.io' })
    sockets.on('connection', (socket, { url = '' }) => {
      asked.push(url)
      const { searchParams } = new URL(url, 'https://node')
      socket.send(Buffer.from(`\u0001ran ${searchParams.getAll('command').join(' ')}`))
      socket.send(Buffer.from(`\u0003${JSON.stringify(statusOf(searchParams.get('command') === 'fail' ? 9 : 0))}`))
      socket.close(1000)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stops.push(() => {
      server.closeAllConnections()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }

  const run = (pod: string, container: string, command: string[]) =>
    createPodExec({ kubeconfig: cluster.kubeconfig }).run(
      { namespace: 'default', pod, container, command },
      { timeoutMs: 20_000, signal: new AbortController().signal },
    )

  it('runs there, over TLS, and its exit code comes back', async () => {
    expect(await run('web', 'app', ['echo', 'a b'])).toEqual({
      do: 'ended',
      problem: '',
      stdout: 'ran echo a b',
      stderr: '',
    })
    expect(asked[0]).toContain('/exec/default/web/app?')
    expect(await run('web', 'app', ['fail'])).toMatchObject({ problem: 'command terminated with exit code 9' })
  })

  it('what the API server refuses is told in its words', async () => {
    expect(await run('nobody', 'app', ['x'])).toMatchObject({ do: 'ended', problem: 'pods "nobody" not found' })
    expect(await run('web', 'nowhere', ['x'])).toMatchObject({
      do: 'ended',
      problem: expect.stringContaining('container nowhere is not valid for pod web'),
    })
  })
})
