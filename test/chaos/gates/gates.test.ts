import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RequestFault } from '../schedule.ts'
import { openHttpGate } from './http-gate.ts'
import { openTcpGate } from './tcp-gate.ts'
import { createRequestFaults, createWeather, together } from './weather.ts'

const weather = createWeather()
const faults = createRequestFaults()
const closing: (() => unknown)[] = []
/** What has got to the server behind the gates. */
let came: string[] = []
let front = ''
let stream = ''

beforeEach(async () => {
  came = []
  faults.begin(new Map())
  const server = createServer((incoming, outgoing) => {
    void text(incoming).then((body) => {
      came.push(`${incoming.method} ${incoming.headers['user-agent']} ${body}`)
      outgoing.end('done')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const target = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const http = await openHttpGate({
    target: { url: `http://${target}` },
    weather: together(weather, createWeather()),
    faults,
    counts: ({ method }) => method !== 'GET',
    refusal: (code) => ({ code, type: 'text/plain', body: 'no' }),
    userAgent: 'one',
  })
  const tcp = await openTcpGate(target, weather)
  front = http.address
  stream = `http://${tcp.address}`
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
    () => http.close(),
    () => tcp.close(),
  )
})
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close()
})

/** The code and body of the answer, or `reset`. */
async function send(address: string, method: 'GET' | 'POST' = 'POST', signal?: AbortSignal): Promise<string> {
  const dispatcher = new Agent()
  try {
    const body = method === 'POST' ? 'hello' : null
    const answer = await request(address, { method, body, dispatcher, ...(signal === undefined ? {} : { signal }) })
    return `${answer.statusCode} ${await answer.body.text()}`
  } catch {
    return 'reset'
  } finally {
    await dispatcher.destroy()
  }
}

const withFault = (fault: RequestFault) => faults.begin(new Map([[1, fault]]))

describe('a gate of HTTP', () => {
  it('passes on requests and answers, under the name of its worker', async () => {
    expect(await send(front)).toBe('200 done')
    expect(came).toEqual(['POST one hello'])
  })

  it.each([
    ['busy', '429 no', 0],
    ['failing', '500 no', 0],
    ['lost', 'reset', 0],
    ['unanswered', 'reset', 1],
  ] as const)('has %s requests end as %s, of which %d got there', async (fault, answer, times) => {
    withFault(fault)
    expect(await send(front)).toBe(answer)
    expect(came).toHaveLength(times)
    expect(await send(front)).toBe('200 done')
  })

  it('has a late request get there after its sender was reset', async () => {
    withFault('late')
    expect(await send(front)).toBe('reset')
    expect(came).toEqual([])
    await expect.poll(() => came, { timeout: 20_000 }).toEqual(['POST one hello'])
  })

  it('counts only what counts', async () => {
    withFault('lost')
    expect(await send(front, 'GET')).toBe('200 done')
    expect(await send(front)).toBe('reset')
  })

  it('lets nothing through while it is cut, and then again', async () => {
    const end = weather.begin('cut')
    expect(await send(front)).toBe('reset')
    end()
    expect(await send(front)).toBe('200 done')
    expect(came).toHaveLength(1)
  })

  it('resets what it would have to hold back for longer than a write may take', async () => {
    const end = weather.begin('stalled')
    const sent = send(front)
    setTimeout(end, 4_000)
    expect(await sent).toBe('reset')
    expect(came).toEqual([])
  })

  it('drops a request that it held back and whose sender has gone', async () => {
    const end = weather.begin('stalled')
    expect(await send(front, 'POST', AbortSignal.timeout(200))).toBe('reset')
    end()
    expect(await send(front)).toBe('200 done')
    expect(came).toHaveLength(1)
  })
})

describe('a gate of any protocol', () => {
  it('passes on both directions', async () => {
    expect(await send(stream)).toBe('200 done')
  })

  it('resets the connection when the server answers, after the request got there', async () => {
    const end = weather.begin('unanswered')
    expect(await send(stream)).toBe('reset')
    end()
    expect(came).toHaveLength(1)
  })

  it('lets nothing through while it is cut', async () => {
    const end = weather.begin('cut')
    expect(await send(stream)).toBe('reset')
    end()
    expect(came).toEqual([])
  })

  it('goes on where it was stalled', async () => {
    const end = weather.begin('stalled')
    const sent = send(stream)
    setTimeout(end, 200)
    expect(await sent).toBe('200 done')
  })
})
