import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keepOpen } from '../../../activities/frame/keep-open.ts'

const minute = 60_000

/** A resource that says whether it was closed while somebody used it. */
interface Resource {
  name: string
  isClosed: boolean
}

/** Somebody who uses a resource until told to leave. */
interface Use {
  resource: Resource
  leave: () => Promise<void>
}

function keeper(max: number) {
  const opened: Resource[] = []
  const kept = keepOpen<Resource>({
    max,
    idleMs: 10 * minute,
    async close(resource) {
      if (resource.isClosed) throw new Error('closed twice')
      resource.isClosed = true
    },
  })
  const open = async (name: string) => {
    const resource = { name, isClosed: false }
    opened.push(resource)
    return resource
  }
  const never = new AbortController().signal
  const use = async (name: string): Promise<Use> => {
    const left = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<Resource>()
    const working = kept.use(name, { open: () => open(name), signal: never }, async (resource) => {
      arrived.resolve(resource)
      await left.promise
    })
    return {
      resource: await arrived.promise,
      async leave() {
        left.resolve()
        await working
        await settled()
      },
    }
  }
  return { kept, opened, use }
}

/** Lets promises that wait for each other come to their end. */
const settled = () => vi.advanceTimersByTimeAsync(0)

describe('a resource that is kept open', () => {
  // The time of fake timers begins at zero, which lru-cache takes for no time.
  beforeEach(() => void vi.useFakeTimers().advanceTimersByTime(1))
  afterEach(() => void vi.useRealTimers())

  it('is opened once for all who use it at the same time', async () => {
    const { use, opened } = keeper(5)
    const uses = await Promise.all([use('a'), use('a'), use('a')])
    expect(opened).toHaveLength(1)
    expect(new Set(uses.map(({ resource }) => resource))).toEqual(new Set(opened))
    for (const { leave } of uses) await leave()
    expect(opened[0]?.isClosed).toBe(false)
  })

  it('is there for the next user, and is closed when nobody came for long enough', async () => {
    const { use, opened } = keeper(5)
    await (await use('a')).leave()
    await vi.advanceTimersByTimeAsync(9 * minute)
    const next = await use('a')
    expect(opened).toHaveLength(1)
    await next.leave()
    await vi.advanceTimersByTimeAsync(9 * minute)
    expect(opened[0]?.isClosed).toBe(false)
    await vi.advanceTimersByTimeAsync(2 * minute)
    expect(opened[0]?.isClosed).toBe(true)
  })

  it('is shown to who only looks, while it is open', async () => {
    const { kept, use, opened } = keeper(5)
    expect(kept.ifOpen('a')).toBeUndefined()
    await (await use('a')).leave()
    expect(await kept.ifOpen('a')).toBe(opened[0])
    await vi.advanceTimersByTimeAsync(11 * minute)
    expect(kept.ifOpen('a')).toBeUndefined()
    const opening = Promise.withResolvers<Resource>()
    const { signal } = new AbortController()
    const using = kept.use('b', { open: () => opening.promise, signal }, async () => undefined)
    expect(kept.ifOpen('b')).toBeUndefined()
    opening.resolve({ name: 'b', isClosed: false })
    await using
  })

  it('is not closed while somebody uses it, however old it is', async () => {
    const { use } = keeper(5)
    const [long, short] = await Promise.all([use('a'), use('a')])
    await vi.advanceTimersByTimeAsync(60 * minute)
    expect(long.resource.isClosed).toBe(false)
    await short.leave()
    expect(long.resource.isClosed).toBe(false)
    await long.leave()
    expect(long.resource.isClosed).toBe(true)
  })

  it('is not closed while somebody uses it, however many others are opened', async () => {
    const { use, opened } = keeper(2)
    const first = await use('first')
    for (const name of ['b', 'c', 'd']) await (await use(name)).leave()
    expect(opened.map(({ name, isClosed }) => [name, isClosed])).toEqual([
      ['first', false],
      ['b', true],
      ['c', false],
      ['d', false],
    ])
    await first.leave()
    expect(first.resource.isClosed).toBe(true)
  })

  it('is opened anew after it was forgotten, and the old one is closed when its last user has left', async () => {
    const { kept, use } = keeper(5)
    const old = await use('a')
    kept.forget('a')
    const fresh = await use('a')
    expect(fresh.resource).not.toBe(old.resource)
    await old.leave()
    expect([old.resource.isClosed, fresh.resource.isClosed]).toEqual([true, false])
    await fresh.leave()
    expect(fresh.resource.isClosed).toBe(false)
  })

  it('is left by a user whose work fails', async () => {
    const { kept } = keeper(5)
    const resource = { name: 'a', isClosed: false }
    const user = { open: () => Promise.resolve(resource), signal: new AbortController().signal }
    const work = kept.use('a', user, () => Promise.reject(new Error('no')))
    await expect(work).rejects.toThrow('no')
    kept.forget('a')
    await settled()
    expect(resource.isClosed).toBe(true)
  })
})

describe('the opening of a resource', () => {
  const resource: Resource = { name: 'a', isClosed: false }
  const work = (one: Resource) => Promise.resolve(one.name)

  it('fails for all who wait for it, and is tried again by the next', async () => {
    const { kept } = keeper(5)
    const { signal } = new AbortController()
    const failing = { open: () => Promise.reject(new Error('no disk')), signal }
    const both = await Promise.allSettled([kept.use('a', failing, work), kept.use('a', failing, work)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await kept.use('a', { open: async () => resource, signal }, work)).toBe('a')
  })

  it('goes on while anybody waits for it, and stops when the last one has given up', async () => {
    const { kept } = keeper(5)
    const opening = Promise.withResolvers<Resource>()
    let stop: AbortSignal | undefined
    const open = (signal: AbortSignal) => {
      stop = signal
      return opening.promise
    }
    const users = [new AbortController(), new AbortController()]
    const uses = users.map(({ signal }) => kept.use('a', { open, signal }, work).catch(String))
    users[0]?.abort(new Error('first gives up'))
    expect(await uses[0]).toContain('first gives up')
    expect(stop?.aborted).toBe(false)
    users[1]?.abort(new Error('second gives up'))
    expect(await uses[1]).toContain('second gives up')
    expect(stop?.aborted).toBe(true)
    const next = kept.use('a', { open: async () => resource, signal: new AbortController().signal }, work)
    expect(await next).toBe('a')
  })

  it('closes what comes after nobody waits for it any more', async () => {
    const { kept } = keeper(5)
    const opening = Promise.withResolvers<Resource>()
    const user = new AbortController()
    const using = kept.use('a', { open: () => opening.promise, signal: user.signal }, work).catch(String)
    user.abort(new Error('given up'))
    await using
    const late = { name: 'a', isClosed: false }
    opening.resolve(late)
    await new Promise((resolve) => setImmediate(resolve))
    expect(late.isClosed).toBe(true)
  })
})
