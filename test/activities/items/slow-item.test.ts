import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import type { Ports } from '../../../activities/ports.ts'
import type { Settings } from '../../../activities/settings.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { runAttempts } from '../crash/run-attempts.ts'
import { chunkOf, create, settings, worldAt } from '../crash/restore-in-memory.ts'
import { createWorld } from '../../ports/world.ts'

const shortMs = 4_000
const slowMs = 25_000

/** Activities on a cluster whose webhook takes long for the ConfigMap of that name, and the times of all creates. */
async function withSlowObject(slow: string) {
  const world = createWorld(await worldAt({ before: 'configmaps' }))
  const created: [name: string, seconds: number][] = []
  const startedMs = world.clock.nowMs()
  const createSlowly = (ports: Ports, set: Settings) => {
    const { cluster } = ports
    const slowCluster: Ports['cluster'] = {
      ...cluster,
      async create(resource, namespace, manifest, options) {
        const { name } = (manifest as { metadata: { name: string } }).metadata
        if (name === slow && options.deadline !== 'long') {
          await world.clock.sleep(shortMs)
          throw new ApiError({ code: 504, reason: 'Timeout', message: 'Timeout: not in time', outOfTime: true })
        }
        if (name === slow) await world.clock.sleep(slowMs)
        const made = await cluster.create(resource, namespace, manifest, options)
        created.push([name, (world.clock.nowMs() - startedMs) / 1000])
        return made
      },
    }
    return create({ ...ports, cluster: slowCluster }, set)
  }
  const run = async (more: object = {}) => {
    const input = { ...chunkOf('configmaps'), ...more }
    const ended = await runAttempts({ world, create: createSlowly, settings, activity: 'restoreChunk', input })
    return ended.outcome
  }
  return { run, created, world }
}

describe('an object that takes long', () => {
  it('is parked while all others are created, and created in the next pass with the time that it needs', async () => {
    const { run, created } = await withSlowObject('same')
    expect(await run()).toMatchObject({
      result: { parked: 1, slow: 1, parkedBecause: expect.stringContaining('error restoring') },
    })
    expect(created.length).toBeGreaterThan(1)
    expect(created.map(([name]) => name)).not.toContain('same')
    // The batch after that of the slow one does not wait for it.
    expect(Math.max(...created.map(([, seconds]) => seconds))).toBeLessThan(shortMs / 1000)
    const { result } = (await run({ pass: 1 })) as { result: { parked?: number; created: number } }
    expect(result.parked).toBeUndefined()
    expect(created.at(-1)?.[0]).toBe('same')
  })
})
