import '../../ports/deterministic.ts'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import { createActivities } from '../../../activities/index.ts'
import type { Look } from '../../../contract/look.ts'
import { createWorld } from '../../ports/world.ts'
import { ref, settings, worldAt } from '../crash/restore-in-memory.ts'

const stuck = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', deletionTimestamp: '2026-01-02T03:04:00Z' },
  status: {
    phase: 'Terminating',
    conditions: [
      {
        type: 'NamespaceContentRemaining',
        status: 'True',
        message: 'Some resources are remaining: orders.shop.io has 1 resource instances',
      },
    ],
  },
}

/** A namespace that stays, and one look after the other of its activity, each on a worker of its own. */
async function waiting() {
  const world = createWorld(await worldAt('planned'))
  world.cluster.place(stuck)
  const look = (attempt: number, known?: Look) => {
    const { ports } = world.startProcess()
    const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') })
    const { awaitNamespace } = createActivities(ports, { ...settings, terminatingTimeoutSeconds: 120 })
    const input = { ref, name: 'shop', ...(known === undefined ? {} : { look: known }) }
    return world.clock.run(environment.run(awaitNamespace, input))
  }
  return { world, look }
}

describe('a look at a namespace that is being deleted', () => {
  it('tells the workflow what the server says of it, and ends', async () => {
    const { look } = await waiting()
    expect(await look(1, { told: '' })).toEqual({
      waitingFor:
        'namespace shop to go away, for another 120 s: Some resources are remaining: orders.shop.io has 1 resource instances',
      afterSeconds: 1,
    })
  })

  it('fails in order where that is no news, and asks for the next look after a pause that grows', async () => {
    const { world, look } = await waiting()
    const { waitingFor: told } = (await look(1, { told: '' })) as { waitingFor: string }
    await world.clock.advance(5_000)
    await expect(look(2, { told })).rejects.toMatchObject({
      type: 'Waiting',
      nextRetryDelay: 1_300,
      category: 'BENIGN',
    })
    await expect(look(20, { told })).rejects.toMatchObject({ type: 'Waiting', nextRetryDelay: 15_000 })
  })

  it('gives up at the deadline that the first look has set, whichever attempt it is', async () => {
    const { world, look } = await waiting()
    await look(1, { told: '' })
    await world.clock.advance(119_000)
    await expect(look(7)).rejects.toMatchObject({ type: 'Waiting', nextRetryDelay: 1_000 })
    await world.clock.advance(1_000)
    expect(await look(8)).toEqual({ gone: false })
  })
})
