import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import type { ChunkReport } from '../../../activities/items/restore-chunk.ts'
import type { ObjectStore, Ports, Stores } from '../../../activities/ports.ts'
import type { Settings } from '../../../activities/settings.ts'
import { ApiError, StoreError } from '../../../core/port-errors.ts'
import { runAttempts } from '../crash/run-attempts.ts'
import { chunkOf, create, settings, worldAt } from '../crash/restore-in-memory.ts'
import type { SimulatedClock } from '../../ports/clock.ts'
import { createWorld } from '../../ports/world.ts'

type Create = Ports['cluster']['create']

/** The activity for the chunk of a resource, on a cluster whose creates go through `around`; what was created, and the keys in the bucket that were written. */
async function chunkWith(
  groupResource: string,
  around: (create: Create, seen: { created: string[]; clock: SimulatedClock }) => Create,
) {
  const world = createWorld(await worldAt({ before: groupResource }))
  const created: string[] = []
  const written: string[] = []
  const createThrough = (ports: Ports, set: Settings) => {
    const { cluster, stores } = ports
    const send = around((...args) => cluster.create(...args), { created, clock: world.clock })
    const through: Ports['cluster'] = {
      ...cluster,
      async create(...args) {
        const made = await send(...args)
        created.push(made.metadata.name)
        return made
      },
    }
    const noted = async (...args: Parameters<Stores['open']>): Promise<ObjectStore> => {
      const store = await stores.open(...args)
      const put: ObjectStore['put'] = (key, ...more) => (written.push(key), store.put(key, ...more))
      return { ...store, put }
    }
    return create({ ...ports, cluster: through, stores: { ...stores, open: noted } }, set)
  }
  const run = async (more: object = {}) => {
    const input = { ...chunkOf(groupResource), ...more }
    const ended = await runAttempts({ world, create: createThrough, settings, activity: 'restoreChunk', input })
    return (ended.outcome as { result: ChunkReport }).result
  }
  return { run, created, written }
}

const nameOf = (manifest: object) => (manifest as { metadata: { name: string } }).metadata.name

/** A webhook takes longer for the object of that name than all others take together. */
const slowFor =
  (slow: string, others: number) =>
  (send: Create, { created, clock }: { created: string[]; clock: SimulatedClock }): Create =>
  async (resource, namespace, manifest, options) => {
    if (nameOf(manifest) === slow && options.deadline !== 'long') {
      while (created.length < others) await clock.sleep(100)
      throw new ApiError({ code: 504, reason: 'Timeout', message: 'Timeout: not in time', outOfTime: true })
    }
    return send(resource, namespace, manifest, options)
  }

/** The create of the object of that name takes so long. */
const lagsFor =
  (slow: string, ms: number) =>
  (send: Create, { clock }: { clock: SimulatedClock }): Create =>
  async (...args) => {
    if (nameOf(args[2]) === slow) await clock.sleep(ms)
    return send(...args)
  }

/** A webhook is away for that many creates. */
function awayFor(times: number): (send: Create) => Create {
  const message = 'Internal error occurred: failed calling webhook "a": connection refused'
  let left = times
  return (send) =>
    (...args) =>
      left-- > 0 ? Promise.reject(new ApiError({ code: 500, reason: 'InternalError', message })) : send(...args)
}

describe('a chunk', () => {
  it('parks an object that takes long while all others are created, and gives it time in the next pass', async () => {
    // Batches have two items: that of the last one does not wait for that of the slow one.
    const { run, created } = await chunkWith('configmaps', slowFor('same', 2))
    expect(await run()).toMatchObject({ parked: 1, slow: 1, parkedBecause: expect.stringContaining('error restoring') })
    expect(created).toEqual(['new', 'other'])
    expect((await run({ pass: 1 })).parked).toBeUndefined()
    expect(created.at(-1)).toBe('same')
  })

  it('writes each shard once while a batch lags: a late write takes the place of none that says more', async () => {
    const { run, created, written } = await chunkWith('configmaps', lagsFor('same', 3_000))
    expect(await run()).toMatchObject({ created: 3 })
    expect(created).toEqual(['new', 'other', 'same'])
    const outcomes = written.filter((key) => key.includes('/outcomes/')).map((key) => key.replace(/^.*-0/, '0'))
    expect(outcomes).toEqual(['0000.json.gz', '0001.json.gz', '0001.1.json.gz'])
  })

  it('begins nothing more of a batch that lags once its checkpoint fails', async () => {
    const world = createWorld(await worldAt({ before: 'configmaps' }))
    let attempt = 0
    const created: string[] = []
    const refusing = (ports: Ports, set: Settings) => {
      const open = async (...args: Parameters<Stores['open']>): Promise<ObjectStore> => {
        const store = await ports.stores.open(...args)
        const put: ObjectStore['put'] = (key, ...more) => {
          if (attempt > 1 || !key.includes('/outcomes/')) return store.put(key, ...more)
          return Promise.reject(new StoreError('unreachable', 'no route'))
        }
        return { ...store, put }
      }
      const lagging = lagsFor('other', 3_000)((...args) => ports.cluster.create(...args), { clock: world.clock })
      const createNoted: Create = async (...args) => {
        created.push(`${attempt} ${nameOf(args[2])}`)
        return lagging(...args)
      }
      const cluster = { ...ports.cluster, create: createNoted }
      return create({ ...ports, cluster, stores: { ...ports.stores, open } }, set)
    }
    const oneByOne = { ...settings, checkpointItems: 9, itemsInFlightMax: 1 }
    const faults = (number: number) => ((attempt = number), () => undefined)
    const input = chunkOf('configmaps')
    await runAttempts({ world, create: refusing, settings: oneByOne, activity: 'restoreChunk', input, faults })
    // The create of the second object is not tried again: after that of the first was refused, it is looked at first.
    expect(created).toEqual(['1 new', '1 other', '2 new', '2 same'])
  })

  it('journals what a batch has created where the intents of others in it cannot be written', async () => {
    const world = createWorld(await worldAt({ before: 'configmaps' }, { spec: { existingResourcePolicy: 'update' } }))
    const metadata = { name: 'other', namespace: 'shop', creationTimestamp: '2025-01-01T00:00:00Z' }
    world.cluster.place({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '2' } })
    const [intents, outcomes] = [[] as string[], [] as string[]]
    const refusing = (ports: Ports, set: Settings) => {
      const open = async (...args: Parameters<Stores['open']>): Promise<ObjectStore> => {
        const store = await ports.stores.open(...args)
        const put: ObjectStore['put'] = (key, ...more) => {
          if (key.includes('/outcomes/')) outcomes.push(key)
          if (!key.includes('/intents/') || intents.push(key) > 1) return store.put(key, ...more)
          return Promise.reject(new StoreError('unreachable', 'no route'))
        }
        return { ...store, put }
      }
      return create({ ...ports, stores: { ...ports.stores, open } }, set)
    }
    const input = chunkOf('configmaps')
    const atOnce = { ...settings, checkpointItems: 9 }
    const calls = await runAttempts({ world, create: refusing, settings: atOnce, activity: 'restoreChunk', input })
    expect(calls.attempts).toHaveLength(2)
    expect(intents).toHaveLength(2)
    expect(outcomes).toHaveLength(2)
  })

  it('parks a namespace whose webhook is away, and creates it in a later pass', async () => {
    const { run, created } = await chunkWith('namespaces', awayFor(1))
    const first = await run()
    expect(first).toMatchObject({ parked: 1, errors: 1 })
    expect(first.missing).toBeUndefined()
    const second = await run({ pass: 1 })
    expect(second).toMatchObject({ items: first.items, errors: 0 })
    expect(second.parked).toBeUndefined()
    expect(created.length).toBeGreaterThan(0)
  })

  it('tries only parked items in a later pass: others wait for a namespace that is going away', async () => {
    const { run, created } = await chunkWith('configmaps', (send) => send)
    await run({ except: ['shop'] })
    await run({ pass: 1, except: [] })
    expect(created).toEqual([])
  })
})
