import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { serveHttp } from '../../worker/http-server.ts'
import type { HttpServer } from '../../worker/http-server.ts'

let server: HttpServer | undefined
const idle: Socket[] = []
afterEach(async () => {
  for (const socket of idle) socket.destroy()
  await server?.close()
})

it('probes are answered beside 1,000 connections that ask for nothing', async () => {
  server = await serveHttp(
    { host: '127.0.0.1', port: 0, isDefault: false },
    { alive: () => true, ready: async () => [], metrics: async () => '' },
  )
  const { address } = server
  const port = Number(address.split(':').at(-1))
  for (let count = 0; count < 1000; count++) idle.push(connect(port, '127.0.0.1').on('error', () => undefined))
  await Promise.all(
    idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
  )
  for (const path of ['livez', 'readyz', 'livez', 'metrics'])
    expect((await fetch(`http://${address}/${path}`)).status).toBe(200)
})
