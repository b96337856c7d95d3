import '../../ports/deterministic.ts'
import { gunzipSync } from 'node:zlib'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../../../core/port-errors.ts'
import { createActivities } from '../../../activities/index.ts'
import type { Ports } from '../../../activities/ports.ts'
import { startControllers } from '../../ports/controllers.ts'
import type { Around } from '../../ports/calls.ts'
import { passingError } from '../../ports/faults.ts'
import { createWorld } from '../../ports/world.ts'
import { changed, ref, settings, withShard, worldAt } from '../crash/restore-in-memory.ts'

const hooks = {
  resources: [{ name: 'warm up', postHooks: [{ exec: { container: 'app', command: ['load'], waitTimeout: '5m0s' } }] }],
}

/** A restored pod that does not run yet and has a hook, and looks at it, each on a worker of its own. */
async function waiting(around?: Around) {
  const closed = withShard('hooks/closed', { at: '2026-01-02T03:05:00Z' })
  const world = createWorld(await changed(worldAt('restored', { spec: { hooks } }), closed))
  const beats: unknown[] = []
  const look = (attempt: number, isLost = false, hookRunsMax = 1, more: Partial<Ports> = {}) => {
    const ports = { ...world.startProcess(around).ports, ...more }
    const heartbeatDetails = attempt === 1 || isLost ? undefined : beats.at(-1)
    const environment = new MockActivityEnvironment(
      { attempt, heartbeatDetails },
      { logger: new DefaultLogger('ERROR') },
    )
    environment.on('heartbeat', (beat) => beats.push(beat))
    return world.clock.run(
      environment.run(createActivities(ports, { ...settings, hookRunsMax }).runHooks, { ref, follows: false }),
    )
  }
  return { world, look }
}

describe('a look at the hooks of a restore', () => {
  it('ends where all pods are still to come up, with longer and longer pauses', async () => {
    const { world, look } = await waiting()
    const beganMs = world.clock.nowMs()
    await expect(look(1)).rejects.toMatchObject({
      type: 'Waiting',
      message: 'waiting for container app of pod shop/web (hooks of 1 pods)',
      nextRetryDelay: 500,
    })
    await expect(look(2)).rejects.toMatchObject({ nextRetryDelay: 600 })
    await expect(look(3)).rejects.toMatchObject({ nextRetryDelay: 800 })
    expect(world.clock.nowMs() - beganMs).toBeLessThan(1000)
  })

  it('runs the hook once the container is up, and is over', async () => {
    const { world, look } = await waiting()
    await expect(look(1)).rejects.toMatchObject({ type: 'Waiting' })
    startControllers(world)
    await world.clock.advance(2_000)
    expect(await look(2)).toBeUndefined()
    expect(world.exec.ran).toHaveLength(1)
  })

  it('records and runs nothing where the worker was frozen for longer than its Lease lasts: the next attempt does', async () => {
    const { world, look } = await waiting()
    startControllers(world)
    await world.clock.advance(2_000)
    const { presence } = world.startProcess().ports
    const assertMayWrite = () => {
      throw new ApiError({ code: 0, reason: 'NoLease', message: 'the Lease had expired' })
    }
    const frozen = { presence: { ...presence, assertMayWrite } }
    await expect(look(1, false, 1, frozen)).rejects.toMatchObject({ type: 'NoLease' })
    expect(world.exec.ran).toEqual([])
    expect([...world.buckets.objects('backups')].filter(([key]) => /hooks\/(begun|done)/.test(key))).toEqual([])
    expect(await look(2, true)).toBeUndefined()
    expect(world.exec.ran).toHaveLength(1)
  })

  it('ends at once where the worker runs as many commands as it may: other work has slots left', async () => {
    const { world, look } = await waiting()
    startControllers(world)
    await world.clock.advance(2_000)
    await expect(look(1, false, 0)).rejects.toMatchObject({
      type: 'Waiting',
      message: 'waiting for commands of hooks of other restores to end',
      nextRetryDelay: 1_000,
    })
    expect(world.exec.ran).toEqual([])
    expect(await look(2)).toBeUndefined()
    expect(world.exec.ran).toHaveLength(1)
  })

  it.each(['begun', 'done'])('keeps what only it knows while the bucket loses the answer about %s', async (folder) => {
    let lost = 0
    const { world, look } = await waiting(async (call, run) => {
      const answer = await run()
      if (call.name !== 'put' || !call.on.includes(`/hooks/${folder}/`) || lost++ > 1) return answer
      throw passingError(call)
    })
    startControllers(world)
    await world.clock.advance(2_000)
    expect(await look(1)).toBeUndefined()
    expect(world.exec.ran).toHaveLength(1)
    const done = [...world.buckets.objects('backups')].filter(([key]) => key.includes('/hooks/done/'))
    expect(done.map(([, body]) => gunzipSync(body).toString())).toEqual([expect.stringContaining('{"problem":""}')])
  })

  it('gives a hook up after its own wait, counted from the first look, also where a worker died meanwhile', async () => {
    const { world, look } = await waiting()
    await expect(look(1)).rejects.toMatchObject({ type: 'Waiting' })
    await world.clock.advance(200_000)
    await expect(look(2, true)).rejects.toMatchObject({ type: 'Waiting' })
    await world.clock.advance(100_000)
    expect(await look(3)).toBeUndefined()
    expect(world.exec.ran).toEqual([])
  })
})
