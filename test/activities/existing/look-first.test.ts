import { describe, expect, it } from 'vitest'
import { firstLook } from '../../../activities/existing/look-first.ts'
import type { Clock, Cluster } from '../../../activities/ports.ts'
import { ApiError } from '../../../core/port-errors.ts'
import type { Plan, PlannedItem } from '../../../core/plan/plan.ts'
import { createWorld } from '../../ports/world.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const refused = () => Promise.reject(new ApiError({ code: 403, reason: 'Forbidden', message: 'forbidden' }))

/** Looks at places of a namespace in which objects `n0` and so on stand, all but those of the odd numbers. */
function looking(
  count: number,
  { strangers = 0, change = {} as Partial<Cluster>, plan = {} as Plan, clock = undefined as Clock | undefined } = {},
) {
  const world = createWorld()
  world.cluster.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  const place = (name: string) =>
    world.cluster.place({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name } })
  const names = Array.from({ length: count }, (_, index) => `n${index}`)
  for (const [index, name] of names.entries()) if (index % 2 === 0) place(name)
  for (let index = 0; index < strangers; index++) place(`stranger-${index}`)
  const asked: string[] = []
  const cluster = { ...world.cluster.connect(), ...change }
  const noted: Cluster = {
    ...cluster,
    get: (ref) => (asked.push(`get ${ref.name}`), cluster.get(ref)),
    listNamed: (...args) => (asked.push('list'), cluster.listNamed(...args)),
  }
  const items = names.map((name): PlannedItem => ({ namespace: 'old', name, target: 'shop' }))
  const stop = new AbortController()
  const parts = { cluster: noted, clock: clock ?? world.clock, signal: stop.signal }
  const look = firstLook(plan, parts, { groupResource: 'configmaps', items })
  const placeOf = (name: string) => ({ ...configMaps, namespace: 'shop', name })
  return {
    world,
    asked,
    stop: () => stop.abort(),
    place,
    refuse: (name: string) => look.foundTaken('configmaps', placeOf(name)),
    at: async (name: string) => (await look.at('configmaps', placeOf(name)))?.metadata.name,
  }
}

describe('the first look', () => {
  it('asks nothing before a create is refused', async () => {
    const { asked, at } = looking(30)
    expect(await at('n0')).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('lists the objects once, and leaves those to the create that are not among them', async () => {
    const { asked, at, refuse } = looking(30)
    refuse('n0')
    expect(await Promise.all(['n2', 'n3', 'n4'].map(at))).toEqual(['n2', undefined, 'n4'])
    expect(asked).toEqual(['list'])
  })

  it('shows an object once, and lists anew after some seconds', async () => {
    const { asked, at, refuse, place, world } = looking(30)
    refuse('n0')
    expect([await at('n2'), await at('n2')]).toEqual(['n2', undefined])
    place('n3')
    expect(await at('n3')).toBeUndefined()
    await world.clock.run(world.clock.sleep(5_000))
    expect(await at('n3')).toBe('n3')
    expect(asked).toEqual(['list', 'list'])
  })

  it('reads the objects of few items, until nothing stands at a place', async () => {
    const { asked, at, refuse } = looking(19)
    refuse('n0')
    expect([await at('n2'), await at('n3'), await at('n4')]).toEqual(['n2', undefined, undefined])
    expect(asked).toEqual(['get n2', 'get n3'])
  })

  it('reads the objects where a list would show many others', async () => {
    const { asked, at, refuse } = looking(20, { strangers: 200 })
    refuse('n0')
    expect(await at('n2')).toBe('n2')
    expect(asked).toEqual(['list', 'get n2'])
    await at('n4')
    expect(asked).toEqual(['list', 'get n2', 'get n4'])
  })

  it('reads the objects where a list takes long, and does not list there again', async () => {
    const world = createWorld()
    const slowly: Cluster['listNamed'] = async (_resource, _namespace, { isOver }) => {
      await world.clock.run(world.clock.sleep(14_000))
      expect(isOver?.()).toBe(false)
      await world.clock.run(world.clock.sleep(2_000))
      return isOver?.() === true ? undefined : []
    }
    const { asked, at, refuse } = looking(30, { change: { listNamed: slowly }, clock: world.clock })
    refuse('n0')
    expect(await at('n2')).toBe('n2')
    await world.clock.run(world.clock.sleep(60_000))
    expect(await at('n4')).toBe('n4')
    expect(asked).toEqual(['list', 'get n2', 'get n4'])
  })

  it('reads no further page once the attempt has to stop', async () => {
    let seen: boolean | undefined
    const { at, refuse, stop } = looking(30, {
      change: { listNamed: async (_resource, _namespace, { isOver }) => void (stop(), (seen = isOver?.())) },
    })
    refuse('n0')
    await at('n2')
    expect(seen).toBe(true)
  })

  it('reads where it may not list, and leaves it to the create where it may not read either', async () => {
    const listless = looking(20, { change: { listNamed: refused } })
    listless.refuse('n0')
    expect(await listless.at('n2')).toBe('n2')
    const blind = looking(20, { change: { listNamed: refused, get: refused } })
    blind.refuse('n0')
    expect(await blind.at('n2')).toBeUndefined()
  })

  it.each([
    ['again after some seconds where the API server had no time', 429, 2],
    ['no more where it may not', 403, 1],
  ])('lists %s', async (_why, code, lists) => {
    const listNamed = () => Promise.reject(new ApiError({ code, reason: '', message: 'no' }))
    const { asked, at, refuse, world } = looking(20, { change: { listNamed } })
    refuse('n0')
    await at('n2')
    await at('n4')
    await world.clock.run(world.clock.sleep(5_000))
    await at('n6')
    expect(asked.filter((one) => one === 'list')).toHaveLength(lists)
  })

  it('knows what other chunks of the plan have found', async () => {
    const plan = {} as Plan
    looking(30, { plan }).refuse('n0')
    expect(await looking(30, { plan }).at('n2')).toBe('n2')
    expect(await looking(30).at('n2')).toBeUndefined()
  })
})
