import { createServer, request as plainRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import type { ClusterAddress } from '../../devstack/stack-types.ts'

/** How a front treats requests. */
export interface FrontOptions {
  /** Each request reaches the API server so much later, as over a long way. */
  latencyMs: number
  /** Answers creates of Secrets and ConfigMaps from memory: they never reach the API server, and nothing is kept but their names. */
  isStub: boolean
}

/** A server between workers and the real API server. */
export interface ApiFront {
  /** A kubeconfig for its address. */
  kubeconfig: string
  /** How many objects it holds itself, and how many creates met one that it had already. */
  held(): { objects: number; again: number }
  close(): void
}

const bulk = /^\/api\/v1\/namespaces\/([^/?]+)\/(secrets|configmaps)(?:\/([^/?]+))?(?:\?|$)/

/** Opens a front for a cluster. Its kubeconfig is written into `dir`. */
export async function openApiFront(cluster: ClusterAddress, dir: string, options: FrontOptions): Promise<ApiFront> {
  const agent = new Agent({ ca: cluster.kubeCa, keepAlive: true, maxSockets: 256 })
  const stub = createStub()
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (options.isStub && stub.answer(incoming, outgoing)) return
    passOn(cluster, agent, { incoming, outgoing })
  }
  const server = createServer((incoming, outgoing) => {
    if (options.latencyMs === 0) handle(incoming, outgoing)
    else setTimeout(() => handle(incoming, outgoing), options.latencyMs)
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const kubeconfig = join(dir, 'front.kubeconfig')
  writeFileSync(kubeconfig, kubeconfigOf(`http://127.0.0.1:${port}`, cluster.tokens.admin), { mode: 0o600 })
  return {
    kubeconfig,
    held: stub.held,
    close() {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}

function passOn(
  cluster: ClusterAddress,
  agent: Agent,
  { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
): void {
  const url = `${cluster.kubeUrl}${incoming.url ?? ''}`
  const ask = url.startsWith('https:') ? request : plainRequest
  const onward = ask(url, { method: incoming.method, headers: incoming.headers, agent }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  onward.on('error', () => outgoing.destroy())
  outgoing.on('close', () => onward.destroy())
  incoming.pipe(onward)
}

/** Holds names of Secrets and ConfigMaps, as an API server that needs no processor. */
function createStub() {
  const objects = new Map<string, number>()
  let again = 0
  const create = (place: { namespace: string; resource: string }, body: string) => {
    const { name } = (JSON.parse(body) as { metadata: { name: string } }).metadata
    const key = `${place.resource}/${place.namespace}/${name}`
    if (objects.has(key)) again++
    else objects.set(key, objects.size + 1)
    return textOf({ ...place, name }, objects.get(key) ?? 0)
  }
  return {
    held: () => ({ objects: objects.size, again }),
    /** Answers a request about one object of the bulk; false for any other. */
    answer(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
      const [, namespace = '', resource = '', name] = bulk.exec(incoming.url ?? '') ?? []
      const isCreate = incoming.method === 'POST' && name === undefined
      if (!namespace.startsWith('bulk-') || !(isCreate || name !== undefined)) return false
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const place = { namespace, resource }
        const number = objects.get(`${resource}/${namespace}/${name ?? ''}`)
        const text = isCreate ? create(place, Buffer.concat(chunks).toString()) : foundText(place, name ?? '', number)
        outgoing.writeHead(isCreate ? 201 : number === undefined ? 404 : 200, { 'content-type': 'application/json' })
        outgoing.end(text)
      })
      return true
    },
  }
}

function foundText(place: { namespace: string; resource: string }, name: string, number: number | undefined): string {
  if (number !== undefined) return textOf({ ...place, name }, number)
  const message = `${place.resource} "${name}" not found`
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: 'NotFound', code: 404 })
}

/** In the order in which an API server writes it. */
function textOf(place: { namespace: string; resource: string; name: string }, number: number): string {
  const kind = place.resource === 'secrets' ? 'Secret' : 'ConfigMap'
  const uid = `11111111-2222-3333-4444-${String(number).padStart(12, '0')}`
  const { name, namespace } = place
  const metadata = {
    name,
    namespace,
    uid,
    resourceVersion: String(number),
    creationTimestamp: new Date().toISOString(),
  }
  return JSON.stringify({ kind, apiVersion: 'v1', metadata })
}

function kubeconfigOf(server: string, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'front',
    clusters: [{ name: 'front', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'front', user: { token } }],
    contexts: [{ name: 'front', context: { cluster: 'front', user: 'front' } }],
  })
}
