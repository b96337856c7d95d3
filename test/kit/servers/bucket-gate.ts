import { createServer, request as onwardRequest } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { whenFileIsOver } from '../run/clean-up.ts'
import type { TestCluster } from '../stack.ts'
import { patchVelero } from '../velero/velero-objects.ts'

/** Requests to the bucket that wait. */
export interface HeldRequests {
  /** Resolves when the first one has come. */
  come: Promise<void>
  /** Lets them through, and all that come later. */
  release: () => void
}

/** A server before the bucket of a cluster, which can hold requests: who has sent them stands in the midst of his work. */
export interface BucketGate {
  /** Holds the requests with this method whose key has this part, until they are released. */
  hold(method: 'GET' | 'PUT', part: string): HeldRequests
}

/** Puts one before the backup location of a cluster. It ends with the tests of the file. */
export async function openBucketGate(cluster: TestCluster): Promise<BucketGate> {
  const rules: { method: string; part: string; come: () => void; released: Promise<void> }[] = []
  const sockets = new Set<Socket>()
  const server = createServer((incoming, outgoing) => {
    const path = decodeURIComponent(incoming.url ?? '')
    const held = rules.filter(({ method, part }) => incoming.method === method && path.includes(part))
    for (const { come } of held) come()
    void Promise.all(held.map(({ released }) => released)).then(() => {
      const url = `${cluster.s3.endpoint}${incoming.url ?? ''}`
      const onward = onwardRequest(url, { method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      })
      onward.on('error', () => incoming.socket.destroy())
      incoming.pipe(onward)
    })
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  whenFileIsOver(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const s3Url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await patchVelero(cluster, 'backupstoragelocations', 'default', { spec: { config: { s3Url } } })
  return {
    hold(method, part) {
      const come = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      rules.push({ method, part, come: come.resolve, released: released.promise })
      return { come: come.promise, release: released.resolve }
    },
  }
}
