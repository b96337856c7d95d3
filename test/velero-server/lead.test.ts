import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Clock, Log } from '../../activities/ports.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { ApiRequest } from '../../infra/cluster/objects.ts'
import { startPresence, type RunningPresence } from '../../infra/presence/presence.ts'
import { runAsLeader } from '../../velero-server/lead.ts'
import type { Manifest } from '../../velero/manifest.ts'

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Time is virtual here: the timers of vitest, through a clock that uses them. */
const clock: Clock = {
  now: () => new Date(),
  spread: (ms) => ms,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const stop = () => (clearTimeout(timer), reject(signal?.reason as Error))
      const timer = setTimeout(() => (signal?.removeEventListener('abort', stop), resolve()), ms)
      signal?.addEventListener('abort', stop, { once: true })
    }),
}

/** The Leases of an API server, as far as workers use them. */
function leaseServer() {
  const leases = new Map<string, Manifest>()
  let version = 0
  const refuse = (code: number, reason: string) => new ApiError({ code, reason, message: reason })
  const store = (name: string, lease: Manifest): Manifest => {
    const metadata = { ...lease.metadata, name, resourceVersion: String((version += 1)) }
    leases.set(name, { ...lease, metadata })
    return { ...lease, metadata }
  }
  return ({ method, path, body }: ApiRequest): unknown => {
    const name = path.split('/leases/')[1] ?? ''
    const found = leases.get(name)
    const sent = body as Manifest
    if (method === 'POST') {
      if (leases.has(sent.metadata.name)) throw refuse(409, 'AlreadyExists')
      const created = `${new Date().toISOString().slice(0, 19)}Z`
      return store(sent.metadata.name, {
        ...sent,
        metadata: { ...sent.metadata, uid: `uid-${version}`, creationTimestamp: created },
      })
    }
    if (name === '') return { kind: 'LeaseList', items: [...leases.values()] }
    if (found === undefined) throw refuse(404, 'NotFound')
    if (method === 'DELETE') leases.delete(name)
    if (method !== 'PATCH') return found
    const spec = { ...(found['spec'] as object), ...(sent['spec'] as object) }
    return store(name, {
      ...found,
      spec,
      metadata: { ...found.metadata, annotations: sent.metadata.annotations ?? {} },
    })
  }
}

/** One worker: when it comes and goes, and when it cannot reach the API server. In seconds. */
interface Life {
  from: number
  to: number
  cuts: readonly { from: number; seconds: number }[]
  /** The delay of an answer, in ms. */
  latencyMs: number
}

const seconds = 240

/** Plays the lives of workers; tells for each second who leads. */
async function play(lives: readonly Life[]): Promise<number[][]> {
  const answer = leaseServer()
  const startedAt = performance.now()
  const second = () => (performance.now() - startedAt) / 1000
  const leading = new Set<number>()

  async function live({ from, to, cuts, latencyMs }: Life, index: number): Promise<void> {
    await clock.sleep(from * 1000)
    const isCut = () => cuts.some((cut) => second() >= cut.from && second() < cut.from + cut.seconds)
    const send = async (request: ApiRequest): Promise<unknown> => {
      const away = new ApiError({ code: 0, reason: 'Timeout', message: 'cut' })
      await clock.sleep(isCut() ? 5_000 : latencyMs)
      if (isCut()) throw away
      return answer(request)
    }
    const end = new AbortController()
    const options = { connection: { send }, namespace: 'velero', worker: `w${index}`, log, clock }
    let presence: RunningPresence | undefined
    while (presence === undefined)
      presence = await startPresence(options).catch(async () => {
        await clock.sleep(1_000)
        return undefined
      })
    const leader = runAsLeader({ presence, clock, log, signal: end.signal }, async (signal) => {
      leading.add(index)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      leading.delete(index)
    })
    await clock.sleep(Math.max(0, to - second()) * 1000)
    end.abort()
    await leader
    await presence.stop()
  }

  let ended = 0
  const all = Promise.all(lives.map(async (one, index) => live(one, index).finally(() => (ended += 1))))
  const seen: number[][] = []
  for (let at = 0; at < seconds; at += 1) {
    await vi.advanceTimersByTimeAsync(1000)
    seen.push([...leading])
  }
  while (ended < lives.length) await vi.advanceTimersByTimeAsync(1_000)
  await all
  return seen
}

describe('the election of a leader', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'], now: new Date('2026-11-28') })
  })
  afterEach(() => void vi.useRealTimers())

  const life = (from: number, to: number, cuts: Life['cuts'] = []): Life => ({ from, to, cuts, latencyMs: 20 })

  it('makes a worker that is alone the leader at once, and its successor within seconds of its end', async () => {
    const seen = await play([life(0, 100), life(10, 230)])
    expect(seen[2]).toEqual([0])
    expect(seen[98]).toEqual([0])
    expect(seen[106]).toEqual([1])
  })

  it('replaces a leader that is cut off, and gives leadership back without an overlap', async () => {
    const seen = await play([life(0, 230, [{ from: 50, seconds: 60 }]), life(10, 230)])
    expect(seen[49]).toEqual([0])
    expect(seen[75]).toEqual([1])
    expect(seen[150]).toEqual([0])
    expect(seen.filter((leaders) => leaders.length > 1)).toEqual([])
  })

  it('never has two leaders, and one whenever nothing has happened for a minute', async () => {
    const second = fc.integer({ min: 0, max: 200 })
    const aLife = fc.record({
      from: fc.integer({ min: 0, max: 60 }),
      to: fc.integer({ min: 100, max: 239 }),
      cuts: fc.array(fc.record({ from: second, seconds: fc.integer({ min: 1, max: 60 }) }), { maxLength: 3 }),
      latencyMs: fc.integer({ min: 1, max: 2_000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(aLife, { minLength: 1, maxLength: 4 }), async (lives) => {
        const seen = await play(lives)
        expect(seen.filter((leaders) => leaders.length > 1)).toEqual([])
        const events = lives.flatMap(({ from, to, cuts }) => [
          from,
          to,
          ...cuts.flatMap((cut) => [cut.from, cut.from + cut.seconds]),
        ])
        const isThere = (at: number) => lives.some(({ from, to }) => from < at - 60 && at + 2 < to)
        const quiet = (at: number) => isThere(at) && !events.some((event) => event > at - 60 && event <= at + 2)
        expect(
          seen.flatMap((leaders, at) => (quiet(at) && leaders.length !== 1 && noCut(lives, at) ? [at] : [])),
        ).toEqual([])
      }),
      { numRuns: 100 },
    )
  }, 60_000)
})

/** Nobody is cut off at that second. */
function noCut(lives: readonly Life[], at: number): boolean {
  return lives.every(({ cuts }) => !cuts.some((cut) => at >= cut.from && at < cut.from + cut.seconds))
}
