import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface CutProxy {
  port: number
  /** How the clients' sides of connections ended. */
  ends: string[]
  /** Breaks all connections and refuses new ones. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** Passes bytes on to a local port, until it is cut. */
export async function startCutProxy(target: number): Promise<CutProxy> {
  const sockets = new Set<Socket>()
  const ends: string[] = []
  let broken = false
  const server = createServer((client) => {
    if (broken) {
      client.destroy()
      return
    }
    const upstream = connect(target, '127.0.0.1')
    client.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? 'error'))
    client.on('end', () => ends.push('FIN'))
    upstream.on('error', () => undefined)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    ends,
    cut() {
      broken = true
      for (const socket of sockets) socket.destroy()
    },
    mend() {
      broken = false
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
