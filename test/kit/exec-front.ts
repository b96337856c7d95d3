import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { whenFileIsOver } from './run/clean-up.ts'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { TestCluster } from './stack.ts'

/** A command that was sent to a container. */
export interface SentCommand {
  namespace: string
  pod: string
  container: string
  command: string[]
}

/** What the container does with it: an exit code, or `hang` for a command that goes on. */
export type Behaviour = (sent: SentCommand) => number | 'hang' | Promise<number | 'hang'>

/** What runs commands of containers, as a kubelet would. */
export interface StandInKubelet {
  /** All commands, in the order in which they came. */
  sent: SentCommand[]
  behave(behaviour: Behaviour): void
}

/** An API server in front of the real one: it runs commands of containers itself and passes on the rest. */
export interface ExecFront extends StandInKubelet {
  /** The cluster as seen through it. */
  cluster: TestCluster
}

/** Opens one for a cluster; it is closed after the tests of the file. */
export async function openExecFront(cluster: TestCluster): Promise<ExecFront> {
  const agent = new Agent({ ca: cluster.kubeCa, keepAlive: true })
  const server = createServer((incoming, outgoing) => {
    const onward = request(
      `${cluster.kubeUrl}${incoming.url}`,
      { method: incoming.method, headers: incoming.headers, agent },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  const kubelet = standInKubelet(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  whenFileIsOver(() => {
    server.closeAllConnections()
    server.close()
    agent.destroy()
  })
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    cluster: { ...cluster, kubeconfig: writeKubeconfig(cluster, address) },
    ...kubelet,
  }
}

/** Has a server run commands of containers itself, and note them in `sent`; what else it is asked is its own. */
export function standInKubelet(server: Server, sent: SentCommand[] = []): StandInKubelet {
  let behaviour: Behaviour = () => 0
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v5.channel.k8s.io' })
  server.on('upgrade', (incoming, socket, head) => {
    sockets.handleUpgrade(incoming, socket, head, (opened) => {
      const command = readCommand(incoming)
      sent.push(command)
      void answer(opened, behaviour, command)
    })
  })
  return {
    sent,
    behave(next) {
      behaviour = next
    },
  }
}

function readCommand({ url = '' }: IncomingMessage): SentCommand {
  const { pathname, searchParams } = new URL(url, 'http://front')
  const [, namespace = '', pod = ''] = /namespaces\/([^/]+)\/pods\/([^/]+)\/exec$/.exec(pathname) ?? []
  return { namespace, pod, container: searchParams.get('container') ?? '', command: searchParams.getAll('command') }
}

async function answer(socket: WebSocket, behaviour: Behaviour, command: SentCommand): Promise<void> {
  socket.send(Buffer.concat([Buffer.from([1]), Buffer.from('hello\n')]))
  const code = await behaviour(command)
  if (code === 'hang') return
  socket.send(Buffer.concat([Buffer.from([3]), Buffer.from(JSON.stringify(statusOf(code)))]))
  socket.close(1000)
}

/** The status that a kubelet sends last. */
export function statusOf(code: number): object {
  if (code === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: error executing command, exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  }
}

/** A kubeconfig of the cluster's administrator for another address of its API server; returns its path. */
export function writeKubeconfig(cluster: Pick<TestCluster, 'tokens'>, server: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'drydock-front-')), 'kubeconfig')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'front', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token: cluster.tokens.admin } }],
    contexts: [{ name: 'admin', context: { cluster: 'front', user: 'admin' } }],
    'current-context': 'admin',
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}
