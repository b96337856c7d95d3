import '../../ports/deterministic.ts'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { textAt, valueAt } from '../../../core/values/fields.ts'
import { startControllers } from '../../ports/controllers.ts'
import { hasEffect } from '../../ports/calls.ts'
import type { PortCall } from '../../ports/calls.ts'
import type { FaultPlan } from '../../ports/faults.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { claimAt, inPlace, startVolumeController, volumeAt, withClaimAway } from '../crash/in-place.ts'
import { changed, chunkOf, create, ref, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

const beforeClaims = () => worldAt({ before: 'persistentvolumeclaims' }, inPlace)

/** A world of its own, with the controllers that matter. */
async function aWorld(state = beforeClaims()): Promise<World> {
  const world = createWorld(await state)
  startVolumeController(world)
  startControllers(world, ['DataDownload'])
  return world
}

const run = (world: World, activity: string, input: unknown, faults?: (attempt: number) => FaultPlan) =>
  runAttempts({ world, create, settings, activity, input, ...(faults && { faults }) })
const restoreClaims = (world: World, faults?: (attempt: number) => FaultPlan) =>
  run(world, 'restoreChunk', chunkOf('persistentvolumeclaims'), faults)
const putBack = (world: World) => run(world, 'finalizeRestore', { ref, task: 'put-back-volumes', deadlineSeconds: 660 })
const stateOf = ({ cluster }: World) => ({
  policy: textAt(cluster.look(volumeAt), 'spec', 'persistentVolumeReclaimPolicy'),
  isBound: textAt(cluster.look(claimAt), 'status', 'phase') === 'Bound',
  isOf: valueAt(cluster.look(volumeAt), 'spec', 'claimRef', 'uid') === cluster.look(claimAt)?.metadata.uid,
})
const whole = { policy: 'Delete', isBound: true, isOf: true }

/** The outcome of the claim, as the journal has it. */
async function messagesOf(world: World): Promise<string[]> {
  await run(world, 'concludeRestore', { ref, complete: false })
  const key = 'restores/again/restore-again-results.gz'
  const body = world.buckets.objects('backups').get(key)
  const { errors } = JSON.parse(gunzipSync(body ?? Buffer.alloc(0)).toString()) as {
    errors: { namespaces?: Record<string, string[]> }
  }
  return errors.namespaces?.['shop'] ?? []
}

describe('data for a claim that stands', () => {
  it('goes into its volume, which has its claim and its policy in the end', async () => {
    const world = await aWorld()
    await restoreClaims(world)
    const [order] = world.cluster.objects().filter(({ kind }) => kind === 'DataDownload')
    expect(order?.['spec']).toMatchObject({
      restoreType: 'full',
      targetVolume: { pvc: 'moved', pv: 'pv-moved', namespace: 'shop' },
    })
    const made = world.cluster.look(claimAt)
    expect(made?.metadata).toMatchObject({
      labels: { 'velero.io/restore-name': 'again' },
      annotations: { 'volume.kubernetes.io/selected-node': 'node-1' },
    })
    expect(stateOf(world).policy).toBe('Retain')
    await world.clock.advance(10_000)
    await run(world, 'pollOperations', { ref, until: 'end', failed: 0 })
    await putBack(world)
    expect(stateOf(world)).toEqual(whole)
  })

  it('goes into it also where a worker is killed at any write, and the next one goes on', async () => {
    const effects = (await callsOf(await aWorld())).flatMap((call, index) => (hasEffect(call) ? [index + 1] : []))
    expect(effects.length).toBeGreaterThan(5)
    for (const n of effects) {
      const world = await aWorld()
      await restoreClaims(world, (attempt) => (call) => (attempt === 1 && call === n ? 'death' : undefined))
      await world.clock.advance(10_000)
      await run(world, 'pollOperations', { ref, until: 'end', failed: 0 })
      await putBack(world)
      expect(stateOf(world), `killed at call ${n}`).toEqual(whole)
      expect(world.cluster.look(volumeAt)?.metadata.uid).toBe('volume-before')
    }
  })

  it('leaves the claim bound to its volume when the restore is cancelled, wherever its worker was killed', async () => {
    const calls = await callsOf(await aWorld())
    expect(calls.length).toBeGreaterThan(20)
    let away = 0
    for (let n = 1; n <= calls.length; n++) {
      const world = await aWorld()
      const isGone = () => world.cluster.look(claimAt) === undefined
      // The worker dies there, and no other one takes the chunk.
      const dead = new Error('the first worker is dead')
      const death = (attempt: number): FaultPlan => {
        if (attempt > 1) throw dead
        return (call) => (call === n ? 'death' : undefined)
      }
      await restoreClaims(world, death).catch((thrown: unknown) => {
        if (thrown !== dead) throw thrown
      })
      await world.clock.advance(2_000)
      if (isGone()) away++
      await run(world, 'cancelOperations', { ref })
      await run(world, 'removeLeftovers', { ref })
      await world.clock.advance(10_000)
      const { isBound, policy } = stateOf(world)
      expect(world.cluster.look(volumeAt), `killed at call ${n}`).toBeDefined()
      // Where the new claim stands already it waits for the data: then the results name the volume.
      if (isBound) expect(stateOf(world), `killed at call ${n}`).toEqual(whole)
      else {
        expect(policy, `killed at call ${n}`).toBe('Retain')
        expect(await messagesOf(world), `killed at call ${n}`).toContainEqual(
          expect.stringContaining('PV pv-moved keeps the reclaim policy Retain: its data was not restored'),
        )
      }
    }
    expect(away).toBeGreaterThan(1)
  })

  it('is not looked at again once it is put back: a claim that the user deletes then stays away', async () => {
    const world = await aWorld(changed(beforeClaims(), withClaimAway))
    await putBack(world)
    await world.clock.advance(2_000)
    await putBack(world)
    expect(stateOf(world)).toEqual(whole)
    expect(world.cluster.look(volumeAt)?.metadata.annotations).not.toHaveProperty('drydock.io/in-place')
    world.cluster.drop(claimAt)
    world.cluster.drop(volumeAt)
    const { outcome } = await putBack(world)
    expect(outcome).not.toHaveProperty('result.waitingFor')
    expect(world.cluster.look(claimAt)).toBeUndefined()
  })

  it.each(['finalizeRestore', 'removeLeftovers'])(
    'is left to another restore that has taken its volume over: %s',
    async (activity) => {
      const world = await aWorld(changed(beforeClaims(), withClaimAway))
      world.cluster.amend(volumeAt, {
        metadata: { ...world.cluster.look(volumeAt)?.metadata, annotations: { 'drydock.io/in-place': 'other,Delete' } },
      })
      const before = world.cluster.look(volumeAt)
      if (activity === 'removeLeftovers') await run(world, activity, { ref })
      else await putBack(world)
      expect(world.cluster.look(claimAt)).toBeUndefined()
      expect(world.cluster.look(volumeAt)).toEqual(before)
    },
  )

  it('comes back in a second try, after one in which the bucket and the cluster did not answer', async () => {
    const world = await aWorld(changed(beforeClaims(), withClaimAway))
    const isOut = (call: PortCall) => call.port === 'bucket' || call.on.includes('persistentvolume')
    const faults =
      (attempt: number): FaultPlan =>
      (_n, call) =>
        attempt <= 3 && isOut(call) ? 'refused' : undefined
    const { attempts } = await run(world, 'removeLeftovers', { ref, only: 'claims' }, faults)
    expect(attempts.length).toBeGreaterThan(1)
    await world.clock.advance(2_000)
    expect(stateOf(world)).toEqual(whole)
  })

  it('is told by a plan, which notes and changes nothing, neither at its end nor when it is cancelled', async () => {
    const asPlan = { ...inPlace, annotations: { 'drydock.io/plan': 'true' } }
    const world = await aWorld(worldAt({ before: 'persistentvolumeclaims' }, asPlan))
    const before = world.cluster.objects()
    const { outcome } = await restoreClaims(world)
    expect(outcome).toHaveProperty('result')
    expect(world.cluster.objects()).toEqual(before)
    const keys = Array.from(world.buckets.objects('backups').keys())
    expect(keys.filter((key) => key.includes('/in-place/'))).toEqual([])
    expect(await plannedOf(world)).toMatchObject({ action: 'created', messages: [] })
    withClaimAway(world)
    await run(world, 'removeLeftovers', { ref })
    expect(world.cluster.look(claimAt)).toBeUndefined()
  })

  it('is not looked after where the journal cannot be read, and a cancelled restore ends all the same', async () => {
    const world = await aWorld()
    for (const key of Array.from(world.buckets.objects('backups').keys()))
      if (key.includes('/drydock/')) world.buckets.place('backups', key, Buffer.from('no shard'))
    expect((await run(world, 'removeLeftovers', { ref })).outcome).toHaveProperty('result')
    expect(JSON.stringify(world.log)).toContain('volumes that were to be filled in place are not looked after')
  })

  it.each<[string, string, (world: World) => void]>([
    [
      'is used by a pod',
      'PVC is in use by pod shop/user. Delete the pods that use it, and restore again',
      ({ cluster }) =>
        cluster.place({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'user', namespace: 'shop' },
          spec: { containers: [], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'moved' } }] },
          status: { phase: 'Running' },
        }),
    ],
    ['is not bound', 'PVC is not bound.', ({ cluster }) => cluster.amend(claimAt, { status: { phase: 'Lost' } })],
    [
      'is too small',
      'PV pv-moved has 3, and the data of the backup has 7 bytes.',
      ({ cluster }) => {
        const spec = cluster.look(volumeAt)?.['spec'] as object
        cluster.amend(volumeAt, { spec: { ...spec, capacity: { storage: '3' } } })
      },
    ],
  ])('is not restored where it %s, and nothing is changed', async (_why, message, change) => {
    const world = await aWorld(changed(beforeClaims(), change))
    const before = [world.cluster.look(claimAt), world.cluster.look(volumeAt)]
    await restoreClaims(world)
    expect([world.cluster.look(claimAt), world.cluster.look(volumeAt)]).toEqual(before)
    expect(world.cluster.objects().filter(({ kind }) => kind === 'DataDownload')).toEqual([])
    expect(await messagesOf(world)).toContainEqual(
      expect.stringContaining(`ExistingVolumeDataPolicy is in-place restore, but the existing ${message}`),
    )
  })
})

/** What the journal of a plan says of the claim. */
async function plannedOf(world: World): Promise<unknown> {
  const bodies = Array.from(world.buckets.objects('backups')).filter(([key]) => key.includes('/outcomes/'))
  const outcomes = bodies.flatMap(
    ([, body]) => (JSON.parse(gunzipSync(body).toString()) as { content: { key: string }[] }).content,
  )
  return outcomes.find(({ key }) => key.startsWith('persistentvolumeclaims') && key.endsWith('moved'))
}

async function callsOf(world: World): Promise<readonly PortCall[]> {
  return (await restoreClaims(world)).attempts.flat()
}
