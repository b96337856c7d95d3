import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { waitUntil } from '../kit/wait-until.ts'

const main = fileURLToPath(new URL('../../worker/main.ts', import.meta.url))

/** An address where nothing listens. */
async function closedAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `127.0.0.1:${port}`
}

function start(env: Record<string, string>): {
  child: ChildProcess
  text: () => string
  ended: Promise<number | null>
} {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], HOME: '/nowhere', DRYDOCK_HTTP_ADDRESS: '127.0.0.1:0', ...env },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (text += piece.toString()))
  return { child, text: () => text, ended: new Promise((resolve) => child.on('close', resolve)) }
}

describe('a worker that starts', () => {
  it('names every setting that is wrong, and ends with code 2', async () => {
    const worker = start({ DRYDOCK_CHUNKS_MAX: 'many', DRYDOCK_START_TIMEOUT: 'soon' })
    expect(await worker.ended).toBe(2)
    expect(worker.text()).toContain('DRYDOCK_CHUNKS_MAX is "many"')
    expect(worker.text()).toContain('DRYDOCK_START_TIMEOUT is "soon"')
    expect(worker.text()).not.toContain('    at ')
  })

  it('tries Temporal for as long as it is told, then says in one line what is away, with code 1', async () => {
    const address = await closedAddress()
    // Longer than the first try takes: only then is there a second one to tell of.
    const worker = start({ TEMPORAL_ADDRESS: address, DRYDOCK_START_TIMEOUT: '6s' })
    expect(await worker.ended).toBe(1)
    const lines = worker.text().trim().split('\n')
    const errors = lines.map((line) => JSON.parse(line) as { level: string; msg: string })
    const told = errors.filter(({ msg }) => msg.includes(`Temporal at ${address} does not answer`))
    expect(told.map(({ level }) => level)).toEqual(['warn', 'error'])
    expect(worker.text()).not.toContain('    at ')
  })

  it('is alive and not ready meanwhile, and ends at once on SIGTERM', async () => {
    const worker = start({ TEMPORAL_ADDRESS: await closedAddress(), DRYDOCK_START_TIMEOUT: '1m' })
    await waitUntil(() => worker.text().includes('does not answer'), 40_000, 'the first try')
    const address = /"address":"([^"]+)"/.exec(worker.text())?.[1]
    expect((await fetch(`http://${address}/livez`)).status).toBe(200)
    const ready = await fetch(`http://${address}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({
      ready: false,
      checks: expect.arrayContaining([{ name: 'temporal', ok: false, detail: 'not connected yet' }]),
    })
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toBe(0)
  })

  it('says so where its address is taken by another program', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const taken = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const worker = start({ DRYDOCK_HTTP_ADDRESS: taken })
    expect(await worker.ended).toBe(1)
    expect(worker.text()).toContain(`DRYDOCK_HTTP_ADDRESS ${taken} is taken by another program`)
    server.close()
  })
})
