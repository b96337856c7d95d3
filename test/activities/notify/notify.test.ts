import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { MockActivityEnvironment } from '@temporalio/testing'
import type { NotifyInput } from '../../../contract/notify.ts'
import { defaultTemplate } from '../../../core/notify/template.ts'
import type { Delivery } from '../../../core/notify/judge-answer.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import type { RestoreStatus } from '../../../velero/restore.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { create, ref, restoreAt, settings as plain, worldAt } from '../crash/restore-in-memory.ts'
import { itEnded } from '../crash/scenarios/ending.ts'
import { runAttempts } from '../crash/run-attempts.ts'

const settings = { ...plain, notify: { on: 'all' as const, seconds: 600, template: defaultTemplate } }

async function ended(status?: RestoreStatus): Promise<World> {
  const world = createWorld(await worldAt('finalizing'))
  itEnded(world)
  if (status !== undefined) world.cluster.amend(restoreAt, { status })
  return world
}

async function notifying(world: World, more: Partial<NotifyInput> = {}) {
  const input = { ref, seconds: 600, ...more }
  return runAttempts({ world, create, settings, activity: 'notify', input })
}

const bodies = (world: World) => [...world.receiver.received.values()].map((body) => JSON.parse(body) as object)

describe('the notification of an end', () => {
  it('is sent with what the Restore and the workflow know', async () => {
    const world = await ended()
    expect((await notifying(world, { reportUrl: 'https://reports.example.com/x' })).outcome).toEqual({
      result: { do: 'delivered' },
    })
    expect(bodies(world)).toEqual([
      expect.objectContaining({
        name: 'again',
        phase: 'PartiallyFailed',
        cluster: ref.cluster,
        reportUrl: 'https://reports.example.com/x',
        completed: '2026-01-02T03:09:00Z',
      }),
    ])
    expect([...world.receiver.received.keys()]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)])
  })

  it('is tried again under the same id, after the pause that is asked for', async () => {
    const world = await ended()
    world.receiver.answers.push({ do: 'again', why: 'answered 503', afterSeconds: 45 })
    const fromMs = world.clock.nowMs()
    const { outcome, attempts } = await notifying(world)
    expect(outcome).toEqual({ result: { do: 'delivered' } })
    expect(world.clock.nowMs() - fromMs).toBeGreaterThanOrEqual(45_000)
    const ids = attempts.flat().flatMap(({ port, on }) => (port === 'webhook' ? [on] : []))
    expect([ids.length, new Set(ids).size]).toEqual([2, 1])
  })

  it('is given up where the receiver refuses it', async () => {
    const world = await ended()
    world.receiver.answers.push({ do: 'refused', why: 'answered 404' })
    expect((await notifying(world)).outcome).toEqual({
      failure: {
        type: 'NotDelivered',
        message: 'the notification of restore again was not delivered: https://hooks.example.com answered 404',
      },
    })
  })

  it.each<[string, (world: World) => void]>([
    ['was deleted', ({ cluster }) => cluster.drop(restoreAt)],
    ['is in progress again', ({ cluster }) => cluster.amend(restoreAt, { status: { phase: 'InProgress' } })],
  ])('is not sent where the Restore %s', async (_what, change) => {
    const world = await ended()
    change(world)
    expect((await notifying(world)).outcome).toEqual({
      result: { do: 'nothing', because: expect.stringContaining('restore again is gone, or its next run has begun') },
    })
    expect(bodies(world)).toEqual([])
  })

  it('is sent where a restore that Velero began, and left, was ended in its place', async () => {
    const world = await ended({ phase: 'Failed', failureReason: restartFailureReason })
    await notifying(world)
    expect(bodies(world)).toEqual([])
    world.cluster.amend(restoreAt, { metadata: { ...world.cluster.look(restoreAt)?.metadata, annotations: {} } })
    await notifying(world)
    expect(bodies(world)).toEqual([expect.objectContaining({ phase: 'Failed' })])
  })

  it('of another run has another id', async () => {
    const world = await ended()
    const at = { phase: 'Completed', startedAt: '', endedAt: '', namespace: 'velero', name: 'again', backup: 'shop' }
    const end = { ...at, warnings: 0, errors: 0, itemsRestored: 0, totalItems: 0 }
    await notifying(world, { ended: end })
    await notifying(world, { ended: end, run: 2 })
    await notifying(world, { ended: end, drill: 'nightly' })
    expect(bodies(world)).toMatchObject([{ drill: null }, { drill: null }, { drill: 'nightly' }])
  })

  it('waits without a slot where four are being sent', async () => {
    const world = await ended()
    const hang = Promise.withResolvers<Delivery>()
    const { ports } = world.startProcess()
    const sent: string[] = []
    const webhook = { receiver: 'x', send: ({ id }: { id: string }) => (sent.push(id), hang.promise) }
    const { notify } = create({ ...ports, webhook }, settings) as { notify: (input: NotifyInput) => Promise<unknown> }
    const go = () => new MockActivityEnvironment({ attempt: 1 }).run(notify, { ref, seconds: 600 })
    const running = [go(), go(), go(), go()]
    await expect.poll(() => sent.length).toBe(4)
    await expect(go()).rejects.toMatchObject({ type: 'Waiting', message: expect.stringContaining('being sent') })
    hang.resolve({ do: 'delivered' })
    await Promise.all(running)
    await expect(go()).resolves.toEqual({ do: 'delivered' })
  })
})
