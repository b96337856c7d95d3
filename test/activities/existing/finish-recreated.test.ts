import '../../ports/deterministic.ts'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { startGarbageCollector } from '../../ports/controllers.ts'
import type { FaultPlan } from '../../ports/faults.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { anew, configMapAt, placeOlder, withObjectsDeleted } from '../crash/recreated.ts'
import { changed, chunkOf, create, ref, restoreAt, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

const run = (world: World, activity: string, input: unknown, faults?: (attempt: number) => FaultPlan) =>
  runAttempts({ world, create, settings, activity, input, ...(faults && { faults }) })

const before = () => changed(worldAt({ before: 'configmaps' }, anew), (world) => placeOlder(world, 'other'))
const dataOf = (world: World, name: string) => world.cluster.look(configMapAt(name))?.['data']

async function aWorld(state = before()): Promise<World> {
  const world = createWorld(await state)
  startGarbageCollector(world)
  return world
}

/** The errors in the results for the namespace. */
async function errorsOf(world: World): Promise<string[]> {
  await run(world, 'concludeRestore', { ref, complete: false })
  const body = world.buckets.objects('backups').get('restores/again/restore-again-results.gz')
  const results = JSON.parse(gunzipSync(body ?? Buffer.alloc(0)).toString()) as {
    errors: { namespaces?: Record<string, string[]> }
  }
  return results.errors.namespaces?.['shop'] ?? []
}

describe('an object that was deleted for its item, of a restore that is given up', () => {
  it('stands there in the end, wherever the worker was killed and nobody went on', async () => {
    const { attempts } = await run(await aWorld(), 'restoreChunk', chunkOf('configmaps'))
    const calls = attempts[0]?.length ?? 0
    expect(calls).toBeGreaterThan(15)
    let away = 0
    for (let n = 1; n <= calls; n++) {
      const world = await aWorld()
      const dead = new Error('the first worker is dead')
      const death = (attempt: number): FaultPlan => {
        if (attempt > 1) throw dead
        return (call) => (call === n ? 'death' : undefined)
      }
      await run(world, 'restoreChunk', chunkOf('configmaps'), death).catch((thrown: unknown) => {
        if (thrown !== dead) throw thrown
      })
      await world.clock.advance(2_000)
      const wasAway = dataOf(world, 'other') === undefined
      if (wasAway) away++
      await run(world, 'removeLeftovers', { ref })
      expect(dataOf(world, 'other'), `killed at call ${n}`).toBeDefined()
      if (wasAway) expect(dataOf(world, 'other'), `killed at call ${n}`).toEqual({ a: '1' })
    }
    expect(away).toBeGreaterThan(0)
  })

  it('is created at once where it is gone, and once it is gone where a finalizer holds it', async () => {
    const world = await aWorld(changed(worldAt({ before: 'configmaps' }, anew), withObjectsDeleted))
    const { outcome } = await run(world, 'removeLeftovers', { ref })
    expect(outcome).toMatchObject({ result: { left: true } })
    expect(dataOf(world, 'other')).toEqual({ a: '1' })
    expect(dataOf(world, 'same')).toEqual({ a: 'older' })
    expect(await errorsOf(world)).toEqual([
      'configmaps/shop/same was deleted to be created anew, which is done once it is gone: it has finalizers example.com/hold',
    ])
    world.clock.later(40_000, () => world.cluster.drop(configMapAt('same')))
    expect((await run(world, 'removeLeftovers', { ref, only: 'claims' })).outcome).not.toHaveProperty('result.left')
    expect(dataOf(world, 'same')).toEqual({ a: '1' })
  })

  it('is created also where somebody has taken the annotation away since', async () => {
    const world = await aWorld(changed(worldAt({ before: 'configmaps' }, anew), withObjectsDeleted))
    const { 'drydock.io/existing': _policy, ...annotations } = world.cluster.look(restoreAt)?.metadata.annotations ?? {}
    world.cluster.amend(restoreAt, { metadata: { ...world.cluster.look(restoreAt)?.metadata, annotations } })
    await run(world, 'removeLeftovers', { ref })
    expect(dataOf(world, 'other')).toEqual({ a: '1' })
  })

  it('stays away where the restore had created its item, and its user has deleted that since', async () => {
    const world = await aWorld()
    await run(world, 'restoreChunk', chunkOf('configmaps'))
    expect(dataOf(world, 'other')).toEqual({ a: '1' })
    world.cluster.drop(configMapAt('other'))
    await run(world, 'removeLeftovers', { ref })
    expect(dataOf(world, 'other')).toBeUndefined()
  })

  it('is left to somebody else who has made another one', async () => {
    const world = await aWorld(changed(worldAt({ before: 'configmaps' }, anew), withObjectsDeleted))
    world.cluster.place({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'other', namespace: 'shop' },
      data: { a: 'theirs' },
    })
    await run(world, 'removeLeftovers', { ref })
    expect(dataOf(world, 'other')).toEqual({ a: 'theirs' })
  })
})
