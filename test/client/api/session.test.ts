import { describe, expect, it } from 'vitest'
import type { Connections } from '../../../client/api/connections.ts'
import type { RestoreState } from '../../../client/api/options.ts'
import { statesOf, withConnections } from '../../../client/api/session.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { connectInMemory } from './in-memory-connections.ts'

const state = (itemsDone: number): RestoreState => ({
  name: 'shop',
  phase: 'InProgress',
  over: false,
  itemsDone,
  itemsTotal: 9,
  warnings: 0,
  errors: 0,
})

describe('a call of the library', () => {
  /** Opens connections that say when they are closed. */
  function opening() {
    let closed = 0
    const { connections } = connectInMemory()
    const open = async (): Promise<Connections> => ({ ...connections, close: async () => void closed++ })
    return { open, closed: () => closed }
  }

  it('closes its connections, and throws errors with a code', async () => {
    const { open, closed } = opening()
    const refuse = async () => Promise.reject(new ApiError({ code: 403, reason: 'Forbidden', message: 'no' }))
    await expect(withConnections({}, open, refuse)).rejects.toMatchObject({ code: 'FORBIDDEN', exitCode: 8 })
    expect(await withConnections({}, open, async ({ namespace }) => namespace)).toBe('velero')
    expect(closed()).toBe(2)
  })

  it('ends at its signal, with the reason of the signal, and opens nothing after it', async () => {
    const { open, closed } = opening()
    const controller = new AbortController()
    const wait = Promise.withResolvers<void>()
    const call = withConnections({ signal: controller.signal }, open, () => wait.promise)
    controller.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
    await expect(withConnections({ signal: controller.signal }, open, async () => 1)).rejects.toThrow('enough')
    expect(closed()).toBe(0)
    wait.resolve()
    await expect.poll(closed).toBe(1)
  })
})

describe('the states of a restore', () => {
  it('come each once, and the iterator returns how it ended', async () => {
    const states = statesOf(async (onState) => {
      for (const itemsDone of [1, 1, 2]) {
        onState(state(itemsDone))
        await new Promise(setImmediate)
      }
      return 'ended'
    })
    expect(await states.next()).toMatchObject({ value: { itemsDone: 1 } })
    expect(await states.next()).toMatchObject({ value: { itemsDone: 2 } })
    expect(await states.next()).toEqual({ done: true, value: 'ended' })
  })

  it('include the last one, told right before the end', async () => {
    const seen: number[] = []
    for await (const { itemsDone } of statesOf(async (onState) => onState(state(7)))) seen.push(itemsDone)
    expect(seen).toEqual([7])
  })

  it('are not followed any more once the consumer breaks off', async () => {
    let stopped = false
    const states = statesOf(async (onState, signal) => {
      onState(state(1))
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      stopped = true
    })
    for await (const _ of states) break
    await expect.poll(() => stopped).toBe(true)
  })

  it('end with the error of the following', async () => {
    const states = statesOf(async () => Promise.reject(new Error('away')))
    await expect(states.next()).rejects.toThrow('away')
  })
})
