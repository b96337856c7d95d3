import { setImmediate } from 'node:timers/promises'
import type { Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { restartFailureReason } from '../../velero/defaults.ts'
import type { Restore, RestoreStatus } from '../../velero/restore.ts'
import { tellRestores } from '../../worker/tell-restores.ts'
import { createLog } from '../ports/log.ts'

const claimed = { 'drydock.io/claimed': 'w, t, location default' }

function restore(
  annotations: Record<string, string>,
  more: { status?: RestoreStatus; metadata?: object } = {},
): Restore {
  const metadata = { name: 'shop', namespace: 'velero', uid: 'u', annotations, ...more.metadata }
  return { metadata, spec: { backupName: 'shop' }, status: { phase: 'InProgress', ...more.status } } as Restore
}

/** A messenger, the Temporal server that it talks to, and its clock. */
function messenger() {
  const world = { nowMs: 0, isAway: false, isOver: false, isLeft: false, said: [] as string[] }
  const answer = async (what: string): Promise<void> => {
    if (world.isAway) throw new Error('Temporal is away')
    world.said.push(what)
    return Promise.resolve()
  }
  const handle = {
    signal: (name: string, ...args: unknown[]) =>
      world.isOver
        ? Promise.reject(new WorkflowNotFoundError('over', 'id', undefined))
        : answer([name, ...args].join(' ')),
  }
  const client = { workflow: { start: () => answer('start'), getHandle: () => handle } } as unknown as Client
  const log = createLog()
  const options = { client, taskQueue: 'q', namespace: 'velero', clusterId: 'c', tagged: false }
  const isLeftAlone = () => Promise.resolve(world.isLeft)
  const told = tellRestores({ ...options, log, nowMs: () => world.nowMs, isLeftAlone })
  /** What is said in a time, second by second. */
  const within = async (seconds: number): Promise<string[]> => {
    await setImmediate()
    for (let left = seconds; left > 0; left--) {
      world.nowMs += 1000
      told.tick()
      await setImmediate()
    }
    return world.said.splice(0)
  }
  return { world, log, ...told, within }
}

describe('a Restore that is new', () => {
  it('is started at once, and again every half minute', async () => {
    const { see, within } = messenger()
    see(restore({}))
    expect(await within(0)).toEqual(['start'])
    expect(await within(29)).toEqual([])
    expect(await within(1)).toEqual(['start'])
  })

  it('is not told of its cancel before it is claimed: its admission reads it', async () => {
    const { see, within } = messenger()
    see(restore({ 'drydock.io/cancel': 'enough' }))
    expect(await within(0)).toEqual(['start'])
    see(restore({ ...claimed, 'drydock.io/cancel': 'enough' }))
    expect(await within(0)).toEqual(['cancel enough', 'look'])
  })

  it('has nothing to be told where it is deleted unclaimed, or over', async () => {
    const { see, within } = messenger()
    see(restore({}, { metadata: { deletionTimestamp: 't' } }))
    see(restore(claimed, { status: { phase: 'Completed' } }))
    expect(await within(60)).toEqual([])
  })
})

describe('a Restore that is left to Velero', () => {
  it('is started once, and again when it or Velero has changed', async () => {
    const { see, within, world } = messenger()
    world.isLeft = true
    see(restore({}))
    expect(await within(300)).toEqual(['start'])
    see(restore({}, { status: { phase: 'New' } }))
    expect(await within(300)).toEqual([])
    world.isLeft = false
    expect(await within(31)).toEqual(['start'])
  })

  it('is started every half minute once it is claimed', async () => {
    const { see, within, world } = messenger()
    world.isLeft = true
    see(restore(claimed))
    expect(await within(61)).toEqual(['start', 'look', 'start', 'start'])
  })
})

describe.each([
  ['cancelled', restore({ ...claimed, 'drydock.io/cancel': 'enough' }), 'cancel enough'],
  ['deleted', restore(claimed, { metadata: { deletionTimestamp: 't' } }), 'cancel the Restore was deleted'],
  ['swept', restore(claimed, { status: { phase: 'Failed', failureReason: restartFailureReason } }), 'swept'],
])('a running Restore that is %s', (_what, asked, message) => {
  it('is told while Temporal is away, until that is back', async () => {
    const { see, within, world, log } = messenger()
    see(restore(claimed))
    await within(0)
    world.isAway = true
    see(asked)
    expect(await within(100)).toEqual([])
    expect(log.lines.length).toBeLessThan(10)
    world.isAway = false
    expect(await within(31)).toEqual(['start', message, 'look'])
  })

  it('is told again as long as it holds, ever more seldom', async () => {
    const { see, within } = messenger()
    see(asked)
    expect((await within(0)).filter((said) => said === message)).toHaveLength(1)
    const later = (await within(3600)).filter((said) => said === message).length
    expect(later).toBeGreaterThan(5)
    expect(later).toBeLessThan(15)
    see(restore(claimed, { status: { phase: 'Completed' } }))
    expect(await within(3600)).toEqual([])
  })
})

describe('a Restore that is paused by annotation', () => {
  it('has its workflow look once, and once more when the pause is over', async () => {
    const { see, within } = messenger()
    see(restore(claimed))
    await within(0)
    see(restore({ ...claimed, 'drydock.io/pause': 'lunch' }))
    expect((await within(600)).filter((said) => said !== 'start')).toEqual(['look'])
    see(restore(claimed))
    expect((await within(600)).filter((said) => said !== 'start')).toEqual(['look'])
  })
})

describe('a Restore that is over and is to be retried', () => {
  const asked = { ...claimed, 'drydock.io/cancel': 'enough', 'drydock.io/retry': 'token' }

  it('has its workflow started until the token is answered, and is not cancelled by what ended it', async () => {
    const { see, within } = messenger()
    see(restore(asked, { status: { phase: 'Failed' } }))
    expect(await within(7)).toEqual(['start', 'start', 'start'])
    see(restore({ ...claimed, 'drydock.io/retry': 'token', 'drydock.io/retried': 'token' }))
    expect(await within(29)).toEqual(['look'])
  })

  it('is left alone once the token is refused', async () => {
    const { see, within } = messenger()
    see(restore({ ...asked, 'drydock.io/retried': 'token' }, { status: { phase: 'Failed' } }))
    expect(await within(60)).toEqual([])
  })
})

describe('a Restore whose workflow is over', () => {
  it('gets no other run for its last changes, where its end is seen soon', async () => {
    const { see, within, world } = messenger()
    see(restore(claimed))
    await within(0)
    world.isOver = true
    see(restore({ ...claimed, 'drydock.io/pause': 'lunch' }))
    expect(await within(2)).toEqual([])
    see(restore(claimed, { status: { phase: 'Completed' } }))
    expect(await within(60)).toEqual([])
  })

  it('gets one soon where it is in progress still: its workflow was terminated', async () => {
    const { see, within, world } = messenger()
    see(restore(claimed))
    await within(0)
    world.isOver = true
    see(restore({ ...claimed, 'drydock.io/pause': 'lunch' }))
    expect(await within(4)).toEqual(['start'])
  })
})

describe('a Restore that is gone', () => {
  it('has its workflow cancelled once Temporal is back, and none started', async () => {
    const { see, gone, within, world } = messenger()
    see(restore(claimed))
    await within(0)
    world.isAway = true
    gone(restore(claimed))
    expect(await within(10)).toEqual([])
    world.isAway = false
    expect(await within(60)).toEqual(['cancel the Restore was deleted'])
  })

  it('is forgotten where its workflow is over', async () => {
    const { see, gone, within, world, log } = messenger()
    see(restore(claimed))
    await within(0)
    world.isOver = true
    gone(restore(claimed))
    expect(await within(60)).toEqual([])
    expect(log.lines).toEqual([])
  })
})
