import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { inActivity } from '../../../activities/frame/activity-context.ts'
import { runActivity } from '../../../activities/frame/run-activity.ts'
import type { ActivityFrame, Attempt, Heartbeat } from '../../../activities/frame/run-activity.ts'
import { ApiError, ArchiveError, StoreError } from '../../../core/port-errors.ts'
import { createWorld } from '../../ports/world.ts'

function anEnvironment(attempt = 1) {
  const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') })
  const beats: Heartbeat[] = []
  environment.on('heartbeat', (beat: Heartbeat) => beats.push(beat))
  return { environment, beats }
}

/** Runs a body in the frame, as that attempt of an activity of a fresh worker. */
function inFrame<T>(body: (attempt: Attempt) => Promise<T>, frame: Partial<ActivityFrame> = {}, attempt = 1) {
  const { presence } = createWorld().startProcess().ports
  const { environment } = anEnvironment(attempt)
  return environment.run(() => runActivity(presence, { doing: 'restoring shop', ...frame }, body)) as Promise<T>
}

const failing = (thrown: unknown) => inFrame(() => Promise.reject(thrown as Error))
const apiError = (code: number, reason: string, more: { retryAfterSeconds?: number } = {}) =>
  new ApiError({ code, reason, message: 'said the server', ...more })

describe('what ports throw', () => {
  it.each([
    [
      'no answer',
      apiError(0, 'Unreachable'),
      'ClusterAway',
      'the API server is unavailable; retrying: said the server',
    ],
    ['a busy server', apiError(429, 'TooManyRequests'), 'ClusterAway', 'the API server is unavailable; retrying'],
    ['an object that others keep changing', apiError(409, 'Conflict'), 'ClusterAway', 'retrying: said the server'],
    ['no Lease', apiError(0, 'NoLease'), 'NoLease', 'said the server'],
    ['an unreachable bucket', new StoreError('unreachable', 'no route'), 'BucketAway', 'the bucket is unavailable'],
    ['a bucket that denies', new StoreError('denied', 'AccessDenied'), 'BucketAway', 'retrying: AccessDenied'],
    ['a full bucket', new StoreError('full', 'no room'), 'BucketAway', 'retrying: no room'],
    ['a damaged copy', new ArchiveError('damaged-cache', 'not as it was'), 'BucketAway', 'not as it was'],
    ['a full disk', new ArchiveError('disk', 'no space left'), 'BucketAway', 'no space left'],
  ])('is tried again and says why: %s', async (_what, thrown, type, text) => {
    const failure = await failing(thrown).catch((error: unknown) => error)
    expect(failure).toMatchObject({ type, message: expect.stringMatching(/^restoring shop: /) })
    expect(failure).toMatchObject({ message: expect.stringContaining(text) })
    expect((failure as { nonRetryable?: boolean }).nonRetryable).not.toBe(true)
  })

  it('is tried again when the API server says so', async () => {
    const busy = apiError(429, 'TooManyRequests', { retryAfterSeconds: 7 })
    await expect(failing(busy)).rejects.toMatchObject({ nextRetryDelay: 7000 })
  })

  it.each([
    ['a refusal', apiError(403, 'Forbidden'), 'restoring shop: said the server'],
    ['a bucket that is not there', new StoreError('no-bucket', 'no such bucket'), 'restoring shop: no such bucket'],
    ['another tarball', new ArchiveError('changed', 'the archive has changed'), 'the archive has changed'],
  ])('ends the restore with its text: %s', async (_what, thrown, message) => {
    await expect(failing(thrown)).rejects.toMatchObject({ type: 'RestoreFailed', nonRetryable: true, message })
  })
})

describe('a fault of the program', () => {
  /** An attempt that throws, after attempts of which the last heartbeat told so many faults. */
  async function thrownAfter(
    faults: number,
    thrown: unknown,
    { attempt = 1, ...frame }: Partial<ActivityFrame> & { attempt?: number } = {},
  ) {
    const { presence } = createWorld().startProcess().ports
    const heartbeatDetails = faults === 0 ? undefined : { worker: 'another', done: 3, faults }
    const environment = new MockActivityEnvironment(
      { attempt, heartbeatDetails },
      { logger: new DefaultLogger('ERROR') },
    )
    const beats: Heartbeat[] = []
    environment.on('heartbeat', (beat: Heartbeat) => beats.push(beat))
    const body = () => Promise.reject(thrown as Error)
    const run = environment.run(() => runActivity(presence, { doing: 'planning restore shop', ...frame }, body))
    const failure: unknown = await run.catch((error: unknown) => error)
    return { failure, faults: beats.at(-1)?.faults }
  }
  const defect = new TypeError("Cannot read properties of undefined (reading 'x')\n    at more of it")

  it('is tried again, and the next attempt knows of it', async () => {
    expect(await thrownAfter(0, defect)).toEqual({ failure: defect, faults: 1 })
    expect(await thrownAfter(1, defect, { attempt: 2 })).toEqual({ failure: defect, faults: 2 })
  })

  it.each([
    { faults: 2, attempt: 3 },
    { faults: 2, attempt: 40 },
  ])('ends the restore at last, with its first line: $faults faults before attempt $attempt', async (known) => {
    const { failure } = await thrownAfter(known.faults, defect, known)
    expect(failure).toMatchObject({
      type: 'RestoreFailed',
      nonRetryable: true,
      message:
        "planning restore shop: program fault, given up after 3 attempts: TypeError: Cannot read properties of undefined (reading 'x')",
    })
  })

  it.each([
    ['a connection that broke', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    [
      'a request that got no answer',
      new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'UND_ERR_SOCKET' }) }),
    ],
    ['an error of another program', new (class GrpcError extends Error {})('unavailable')],
  ])('is not %s: that is tried for as long as the activity may', async (_what, thrown) => {
    expect((await thrownAfter(2, thrown, { attempt: 30 })).failure).toBe(thrown)
  })

  it('never gives up what has to be done for the restore to have an end', async () => {
    expect((await thrownAfter(5, defect, { attempt: 30, neverGivenUp: true })).failure).toBe(defect)
  })
})

describe('the heartbeat of an activity', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
  afterEach(() => void vi.useRealTimers())

  it('comes at once and each second, and says who works, how far it is and what it waits for', async () => {
    const { environment, beats } = anEnvironment()
    const { presence } = createWorld().startProcess().ports
    const body = async (attempt: Attempt) => {
      attempt.waitingFor('the archive')
      await vi.advanceTimersByTimeAsync(1000)
      attempt.waitingFor(undefined)
      attempt.done(7)
      await vi.advanceTimersByTimeAsync(1000)
    }
    await environment.run(() => runActivity(presence, { doing: 'restoring shop' }, body))
    await vi.advanceTimersByTimeAsync(5000)
    const { worker } = presence
    expect(beats).toEqual([
      { worker, done: 0 },
      { worker, done: 0, waitingFor: 'the archive' },
      { worker, done: 7 },
    ])
  })

  it('ends with the activity when it fails', async () => {
    const { environment, beats } = anEnvironment()
    const { presence } = createWorld().startProcess().ports
    const run = environment.run(() =>
      runActivity(presence, { doing: '' }, () => Promise.reject(new StoreError('unreachable', 'no'))),
    )
    await expect(run).rejects.toThrow('no')
    await vi.advanceTimersByTimeAsync(5000)
    expect(beats).toHaveLength(1)
  })
})

describe('an activity with a scope', () => {
  const frame = { doing: 'restoring wave-000/chunk-00000', scope: 'uid/wave-000/chunk-00000' }

  /** Two workers of one cluster; the first attempt of the scope runs in the first, which loses its Lease then. */
  async function lostAttempt() {
    const world = createWorld()
    const [first, second] = [world.startProcess(), world.startProcess()]
    first.ports.presence.begin(frame.scope)
    await world.clock.advance(1000)
    first.die()
    const run = (more: Partial<ActivityFrame>, attempt: number) => {
      const { environment, beats } = anEnvironment(attempt)
      const body = async () => world.clock.nowMs()
      const beganMs = world.clock.nowMs()
      const activity = environment.run(() => runActivity(second.ports.presence, { ...frame, ...more }, body))
      return world.clock.run(activity as Promise<number>).then((atMs) => ({ waitedMs: atMs - beganMs, beats }))
    }
    return { run }
  }

  it('begins a later attempt only when the one before cannot write any more', async () => {
    const { run } = await lostAttempt()
    expect((await run({}, 2)).waitedMs).toBeGreaterThan(12_000)
  })

  it('begins its first attempt at once', async () => {
    const { run } = await lostAttempt()
    expect((await run({}, 1)).waitedMs).toBe(0)
  })

  it('lets even the first attempt wait where an earlier run may have left one', async () => {
    const { run } = await lostAttempt()
    expect((await run({ followsEarlierRun: true }, 1)).waitedMs).toBeGreaterThan(12_000)
  })

  it('does not wait after an attempt that has ended in order, and gets what that one has left', async () => {
    const world = createWorld()
    const [first, second] = [world.startProcess(), world.startProcess()]
    const { environment, beats } = anEnvironment(1)
    const wait = { waitingFor: 'the pod', afterSeconds: 3, carry: { misses: 2 } }
    const body = (attempt: Attempt) => Promise.reject(attempt.pause(wait))
    const look = environment.run(() => runActivity(first.ports.presence, frame, body))
    await expect(look).rejects.toMatchObject({ type: 'Waiting', nextRetryDelay: 3000, message: 'waiting for the pod' })
    const heartbeatDetails = beats.at(-1)
    expect(heartbeatDetails).toMatchObject({ waitingFor: 'the pod', over: true })
    const next = new MockActivityEnvironment({ attempt: 2, heartbeatDetails }, { logger: new DefaultLogger('ERROR') })
    const beganMs = world.clock.nowMs()
    const seen = async ({ carried }: Attempt) => ({ carried, atMs: world.clock.nowMs() })
    const run = next.run(() => runActivity(second.ports.presence, frame, seen))
    const { carried, atMs } = await world.clock.run(run as ReturnType<typeof seen>)
    expect({ carried, waitedMs: atMs - beganMs }).toEqual({ carried: { misses: 2 }, waitedMs: 0 })
  })

  it('ends only when a write of it that got no answer can take effect no more', async () => {
    const world = createWorld()
    const presence = world.leases.start('w')
    const { environment, beats } = anEnvironment()
    const beganMs = world.clock.nowMs()
    const body = async () => presence.unanswered(4_000)
    const activity = environment.run(() => runActivity(presence, frame, body))
    await world.clock.run(activity as Promise<void>)
    expect(world.clock.nowMs() - beganMs).toBeGreaterThanOrEqual(4_000)
    expect(beats).not.toEqual([])
  })

  it('waits after one that has ended in order where a write of that got no answer', async () => {
    const world = createWorld()
    const [first, second] = [world.leases.start('first'), world.leases.start('second')]
    const { environment, beats } = anEnvironment(1)
    const looking = environment.run(() =>
      runActivity(first, frame, async (attempt) => {
        // Its Lease has named the attempt.
        await world.clock.sleep(1_000)
        first.unanswered(4_000)
        throw attempt.pause({ waitingFor: 'the pod', afterSeconds: 1 })
      }),
    )
    await expect(world.clock.run(looking as Promise<never>)).rejects.toMatchObject({ type: 'Waiting' })
    const heartbeatDetails = beats.at(-1)
    const next = new MockActivityEnvironment({ attempt: 2, heartbeatDetails }, { logger: new DefaultLogger('ERROR') })
    const beganMs = world.clock.nowMs()
    const run = next.run(() => runActivity(second, frame, async () => world.clock.nowMs()))
    expect((await world.clock.run(run as Promise<number>)) - beganMs).toBeGreaterThanOrEqual(4_000)
  })

  it('is tried again soon after looks that found nothing new, however many they were', async () => {
    const { presence } = createWorld().startProcess().ports
    const heartbeatDetails = { worker: 'another', done: 0, over: true }
    const look = new MockActivityEnvironment({ attempt: 50, heartbeatDetails }, { logger: new DefaultLogger('ERROR') })
    const failing = () => Promise.reject(apiError(0, 'Unreachable'))
    await expect(look.run(() => runActivity(presence, frame, failing))).rejects.toMatchObject({
      type: 'ClusterAway',
      nextRetryDelay: 1000,
    })
  })

  it('does not wait for a worker that works on something else', async () => {
    const world = createWorld()
    const [first, second] = [world.startProcess(), world.startProcess()]
    first.ports.presence.begin('uid/wave-000/chunk-00001')
    const { environment } = anEnvironment(2)
    const beganMs = world.clock.nowMs()
    const activity = environment.run(() => runActivity(second.ports.presence, frame, async () => world.clock.nowMs()))
    expect((await world.clock.run(activity as Promise<number>)) - beganMs).toBeLessThan(6_000)
  })

  it('is over for others as soon as it ends, also by a failure', async () => {
    const world = createWorld()
    const { presence } = world.startProcess().ports
    const ended: string[] = []
    const counting = { ...presence, begin: (scope: string) => () => void ended.push(scope) }
    const { environment } = anEnvironment()
    const run = environment.run(() => runActivity(counting, frame, () => Promise.reject(new Error('no'))))
    await expect(run).rejects.toThrow('no')
    expect(ended).toEqual([frame.scope])
  })
})

it('the waits of an activity are measured, each by its own words', async () => {
  const waits: string[] = []
  const context = { activity: 'planRestore', attempt: 1, waited: (reason: string) => void waits.push(reason) }
  await inActivity(context, () =>
    inFrame(async (attempt) => {
      attempt.waitingFor('the archive')
      attempt.waitingFor('the bucket')
      attempt.waitingFor(undefined)
    }),
  )
  expect(waits).toEqual(['the archive', 'the bucket'])
})
