import { describe, expect, it } from 'vitest'
import { describeCall, nested } from './calls.ts'
import type { Around } from './calls.ts'
import { Death, withFaults, withLatency } from './faults.ts'
import type { Fault } from './faults.ts'
import { createWorld } from './world.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const at = (name: string) => ({ ...configMaps, namespace: 'default', name })
const by = { fieldManager: 'test' }
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })

/** A process whose n-th call has that fault. */
function withFault(fault: Fault, n: number) {
  const world = createWorld()
  const process = world.startProcess(
    withFaults(
      (count) => (count === n ? fault : undefined),
      () => process.die(),
    ),
  )
  const create = (name: string) => process.ports.cluster.create(configMaps, 'default', configMap(name), by)
  return { world, process, create, stands: (name: string) => world.cluster.look(at(name)) !== undefined }
}

describe('a call', () => {
  it('that is refused has no effect, and the next one has', async () => {
    const { create, stands } = withFault('refused', 1)
    await expect(create('a')).rejects.toMatchObject({ name: 'ApiError', code: 0, reason: 'Unreachable' })
    expect(stands('a')).toBe(false)
    await create('a')
    expect(stands('a')).toBe(true)
  })

  it('whose answer is lost has its effect', async () => {
    const { create, stands } = withFault('unanswered', 2)
    await create('a')
    await expect(create('b')).rejects.toMatchObject({ name: 'ApiError', code: 0 })
    expect([stands('a'), stands('b')]).toEqual([true, true])
    await expect(create('b')).rejects.toMatchObject({ reason: 'AlreadyExists' })
  })

  it('after which the process dies has its effect, and no later one of the process has any', async () => {
    const { create, stands, process } = withFault('death', 1)
    await expect(create('a')).rejects.toBeInstanceOf(Death)
    await expect(create('b')).rejects.toBeInstanceOf(Death)
    const cancel = () => process.temporal.workflow.getHandle('w').cancel()
    await expect(process.temporal.withDeadline(Date.now() + 1000, cancel)).rejects.toBeInstanceOf(Death)
    expect([stands('a'), stands('b')]).toEqual([true, false])
  })

  it('takes its time where it has latency', async () => {
    const world = createWorld()
    const process = world.startProcess(withLatency(world.clock, 40))
    const began = world.clock.nowMs()
    await world.clock.run(process.ports.cluster.get(at('a')))
    expect(world.clock.nowMs() - began).toBe(40)
  })

  it('passes through what stands around it from outside in, with all that is to be known of it', async () => {
    const seen: string[] = []
    const note =
      (who: string): Around =>
      (call, run) => {
        seen.push(`${who}: ${describeCall(call)}`)
        return run()
      }
    const process = createWorld().startProcess(nested(note('outer'), note('inner')))
    await process.ports.cluster.create(configMaps, 'default', configMap('a'), by)
    expect(seen).toEqual(['outer: create configmaps default/a', 'inner: create configmaps default/a'])
  })
})

describe('a process that has died', () => {
  it('keeps others waiting no longer than its Lease lasts', async () => {
    const world = createWorld()
    const [dead, heir] = [world.startProcess(), world.startProcess()]
    dead.ports.presence.begin('uid/a')
    await world.clock.advance(6_000)
    dead.die()
    const began = world.clock.nowMs()
    const { signal } = new AbortController()
    heir.ports.presence.begin('uid/a')
    await world.clock.run(heir.ports.presence.fence('uid/a', { signal, onWait: () => {} }))
    expect(world.clock.nowMs() - began).toBeGreaterThan(9_000)
    expect(world.clock.nowMs() - began).toBeLessThanOrEqual(15_000)
  })

  it('leaves the world as it is: another world goes on from its state', async () => {
    const { world, create } = withFault('death', 2)
    await create('a')
    await create('b').catch(() => {})
    const next = createWorld(world.state())
    const { cluster } = next.startProcess().ports
    expect((await cluster.list(configMaps)).map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    expect((await cluster.get(at('a')))?.metadata.uid).toBe(world.cluster.look(at('a'))?.metadata.uid)
    await cluster.remove(at('a'))
    expect(world.cluster.look(at('a'))).toBeDefined()
  })
})
