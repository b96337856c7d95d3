import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Presence } from '../../../activities/ports.ts'

/** One process with its Lease. */
export interface StartedPresence {
  presence: Presence
  /** No renewal succeeds from now on. */
  cutOff: () => void
  letThrough: () => void
  stop: () => Promise<void>
}

/** A cluster without Leases to hold the statements against. */
export interface PresenceBench {
  start: (name: string) => Promise<StartedPresence>
  /** Lets time pass. */
  sleep: (ms: number) => Promise<void>
  /** Waits for work that takes time. */
  run: <T>(work: Promise<T>) => Promise<T>
  nowMs: () => number
  close: () => Promise<void>
}

/** What the port `Presence` promises, held against whatever `open` opens: Leases in memory, and in a real cluster. */
export function presenceConformance(open: () => Promise<PresenceBench>): void {
  let bench: PresenceBench
  let started: StartedPresence[] = []
  beforeAll(async () => {
    bench = await open()
  }, 150_000)
  afterAll(() => bench?.close(), 60_000)
  afterEach(async () => {
    for (const one of started) await bench.run(one.stop())
    started = []
  })

  it.each(Object.entries(statements))(
    '%s',
    async (_says, holds) => {
      const start: PresenceBench['start'] = async (name) => {
        const one = await bench.start(name)
        started.push(one)
        return one
      }
      await holds({ ...bench, start })
    },
    90_000,
  )
}

type Statement = (bench: PresenceBench) => Promise<void>

const scope = 'uid/wave-000'

const statements: Record<string, Statement> = {
  'a fence passes at once where no other worker is there': async ({ start, run, nowMs }) => {
    const { presence } = await start('alone')
    const end = presence.begin(scope)
    const beganMs = nowMs()
    await run(fenceOf(presence).done)
    expect(nowMs() - beganMs).toBeLessThan(1_000)
    end()
  },
  'a fence waits for an earlier attempt of its scope in the same process, and not for others': async (bench) => {
    const { presence } = await bench.start('both')
    const [endOther, endFirst, endSecond] = [
      presence.begin('uid/wave-001'),
      presence.begin(scope),
      presence.begin(scope),
    ]
    const fence = fenceOf(presence)
    await bench.sleep(2_500)
    expect(fence.reasons.at(-1)).toBe('an earlier attempt in this worker has not ended yet')
    endFirst()
    await bench.run(fence.done)
    endSecond()
    endOther()
  },
  'a fence waits until the other worker has ended its attempt of that scope, or below it, and not for its others':
    async (bench) => {
      const [first, second] = [await bench.start('first'), await bench.start('second')]
      const [endSame, endOther] = [first.presence.begin(scope), first.presence.begin('other-uid/wave-000')]
      const endMine = second.presence.begin(scope)
      await bench.sleep(1_000)
      const fences = [fenceOf(second.presence), fenceOf(second.presence, 'uid/')]
      await bench.sleep(6_500)
      expect(fences.map((fence) => fence.hasPassed())).toEqual([false, false])
      const reason = /^worker \S*first may still be writing; its Lease expires in \d+ s$/
      for (const { reasons } of fences) expect(reasons.at(-1)).toMatch(reason)
      endSame()
      await bench.run(fences[0]?.done ?? Promise.resolve())
      endMine()
      await bench.run(fences[1]?.done ?? Promise.resolve())
      endOther()
    },
  'a fence ends with the reason of its signal': async (bench) => {
    const { presence } = await bench.start('stopped')
    const [endFirst, endSecond] = [presence.begin(scope), presence.begin(scope)]
    const stop = new AbortController()
    const fence = presence.fence(scope, { signal: stop.signal, onWait: () => stop.abort(new Error('cancelled')) })
    await expect(bench.run(fence)).rejects.toThrow('cancelled')
    endFirst()
    endSecond()
  },
  'whoever is cut off may not write after 10 s, and others wait no longer than its Lease lasts': async (bench) => {
    const [lost, heir] = [await bench.start('lost'), await bench.start('heir')]
    const end = lost.presence.begin(scope)
    const endMine = heir.presence.begin(scope)
    await bench.sleep(1_000)
    expect(() => lost.presence.assertMayWrite()).not.toThrow()
    lost.cutOff()
    const cutMs = bench.nowMs()
    const fence = fenceOf(heir.presence)
    await bench.sleep(10_500)
    expect(wordOf(lost.presence)).toMatch(/^this worker may not write: Lease \S*lost: its last renewal is 1\d s old$/)
    expect(() => heir.presence.assertMayWrite()).not.toThrow()
    await bench.run(fence.done)
    expect(bench.nowMs() - cutMs).toBeGreaterThan(9_000)
    expect(bench.nowMs() - cutMs).toBeLessThan(18_000)
    await bench.sleep(2_000)
    lost.letThrough()
    await bench.sleep(3_000)
    expect(wordOf(lost.presence)).toContain('it had expired, and 1 attempts from before have not ended yet')
    end()
    expect(() => lost.presence.assertMayWrite()).not.toThrow()
    endMine()
  },
}

function fenceOf(presence: Presence, of: string = scope) {
  const reasons: string[] = []
  const state = { passed: false }
  const done = presence
    .fence(of, { signal: new AbortController().signal, onWait: (reason) => reasons.push(reason) })
    .then(() => void (state.passed = true))
  return { done, reasons, hasPassed: () => state.passed }
}

function wordOf(presence: Presence): string {
  try {
    presence.assertMayWrite()
    return ''
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}
