import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Transform } from 'node:stream'
import type { TransformCallback } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Weather } from './weather.ts'

/** A server that stands before another one of any protocol, and is as unreliable as it is told. */
export interface TcpGate {
  /** `127.0.0.1:<port>` */
  address: string
  close(): void
}

const slowMs = 200

/** Opens one before `target`, as `host:port`. `unanswered` resets a connection when the server answers. */
export async function openTcpGate(target: string, weather: Pick<Weather, 'has' | 'onChange'>): Promise<TcpGate> {
  const [host = '', port = ''] = target.split(':')
  const sockets = new Set<Socket>()
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  }
  const server = createServer((near) => {
    if (weather.has('cut')) return void near.destroy()
    const far = connect({ host, port: Number(port) })
    const reset = () => {
      near.destroy()
      far.destroy()
    }
    track(near)
    track(far)
    near.on('close', reset)
    far.on('close', reset)
    near.pipe(held(weather)).pipe(far)
    far.pipe(held(weather, () => weather.has('unanswered') && reset())).pipe(near)
  })
  const end = weather.onChange(() => {
    if (weather.has('cut')) for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      end()
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Passes on what comes, later where the way is slow, and when it is no longer stalled. */
function held(weather: Pick<Weather, 'has'>, onData: () => unknown = () => undefined): Transform {
  const hold = async (piece: Buffer, done: TransformCallback) => {
    onData()
    if (weather.has('slow')) await sleep(slowMs)
    while (weather.has('stalled')) await sleep(50)
    done(null, piece)
  }
  return new Transform({ transform: (piece: Buffer, _encoding, done) => void hold(piece, done) })
}
