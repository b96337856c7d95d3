import { describe, expect, it } from 'vitest'
import { followRestore, outcomeOf } from '../../../client/api/follow-restore.ts'
import type { RestoreState } from '../../../client/api/restore-state.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { connectInMemory, placeRestore, shopRef } from './in-memory-connections.ts'

/** Follows the Restore `shop`; `steps` change the cluster, one after each state. */
function follow(
  { cluster, connections }: ReturnType<typeof connectInMemory>,
  steps: readonly (() => unknown)[],
  signal?: AbortSignal,
) {
  const states: RestoreState[] = []
  const left = [...steps]
  const onState = (state: RestoreState) => {
    states.push(state)
    left.shift()?.()
  }
  const restore = placeRestore(cluster, { phase: 'InProgress' }, { uid: 'one' })
  const options = { onState, pollMs: 1, ...(signal === undefined ? {} : { signal }) }
  return { restore, states, ended: followRestore(connections, restore, options) }
}

describe('following a restore', () => {
  it('tells each state, and returns the Restore as it ended', async () => {
    const memory = connectInMemory()
    const done = { phase: 'Completed', progress: { itemsRestored: 7, totalItems: 7 } } as const
    const { states, ended } = follow(memory, [() => placeRestore(memory.cluster, done, { uid: 'one' })])
    expect((await ended)?.status?.phase).toBe('Completed')
    expect(states.map(({ phase, over, waitingFor }) => ({ phase, over, waitingFor }))).toEqual([
      { phase: 'InProgress', over: false, waitingFor: 'Temporal is away' },
      { phase: 'Completed', over: true, waitingFor: undefined },
    ])
  })

  it('ends when the Restore is deleted', async () => {
    const memory = connectInMemory()
    const { states, restore, ended } = follow(memory, [() => memory.cluster.drop(shopRef)])
    expect(await ended).toBeUndefined()
    expect(states.at(-1)).toMatchObject({ phase: 'Gone', over: true })
    expect(outcomeOf(restore, undefined)).toMatchObject({ name: 'shop', uid: 'one', phase: 'Gone', items: 0 })
  })

  it('ends when another Restore has taken its name', async () => {
    const memory = connectInMemory()
    const { ended } = follow(memory, [() => placeRestore(memory.cluster, { phase: 'InProgress' }, { uid: 'two' })])
    expect(await ended).toBeUndefined()
  })

  it('says that the API server is away, and continues when it is back', async () => {
    const memory = connectInMemory()
    const { cluster } = memory.connections.connection
    const get = cluster.get.bind(cluster)
    const away = async () => Promise.reject(new ApiError({ code: 0, reason: '', message: 'no route' }))
    const { states, ended } = follow(memory, [
      () => (cluster.get = away),
      () => {
        cluster.get = get
        placeRestore(memory.cluster, { phase: 'Completed' }, { uid: 'one' })
      },
    ])
    expect((await ended)?.status?.phase).toBe('Completed')
    expect(states[1]).toMatchObject({ phase: 'InProgress', waitingFor: 'the API server: no route' })
  })

  it('rejects where the API server refuses', async () => {
    const memory = connectInMemory()
    const forbidden = new ApiError({ code: 403, reason: 'Forbidden', message: 'no' })
    const { ended } = follow(memory, [
      () => (memory.connections.connection.cluster.get = () => Promise.reject(forbidden)),
    ])
    await expect(ended).rejects.toBe(forbidden)
  })

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController()
    const { ended } = follow(connectInMemory(), [() => stop.abort(new Error('enough'))], stop.signal)
    await expect(ended).rejects.toThrow('enough')
  })
})

describe('the outcome of a restore', () => {
  it('has the time that it took, its counts and its reason', () => {
    const { cluster } = connectInMemory()
    const restore = placeRestore(cluster, {
      phase: 'Failed',
      failureReason: 'cancelled: wrong backup',
      startTimestamp: '2026-01-01T00:00:00Z',
      completionTimestamp: '2026-01-01T00:01:30Z',
      progress: { itemsRestored: 5, totalItems: 9 },
      errors: 2,
    })
    expect(outcomeOf(restore, restore)).toMatchObject({
      phase: 'Failed',
      items: 5,
      warnings: 0,
      errors: 2,
      seconds: 90,
      reason: 'cancelled: wrong backup',
    })
  })
})
