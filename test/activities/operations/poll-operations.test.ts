import '../../ports/deterministic.ts'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { describe, expect, it } from 'vitest'
import { createActivities } from '../../../activities/index.ts'
import type { Look } from '../../../contract/look.ts'
import { createWorld } from '../../ports/world.ts'
import { ref, settings, worldAt } from '../crash/restore-in-memory.ts'

const downloads = { group: 'velero.io', version: 'v2alpha1', resource: 'datadownloads' }

/** A restore whose DataDownload stands there, and looks at it, each on a worker of its own. */
async function waiting() {
  const world = createWorld(await worldAt('restored'))
  const [download] = world.cluster.objects().filter(({ kind }) => kind === 'DataDownload')
  if (download === undefined) throw new Error('there is no DataDownload')
  const at = { ...downloads, namespace: 'velero', name: download.metadata.name }
  const beats: unknown[] = []
  const poll = (attempt: number, look?: Look) => {
    const { ports } = world.startProcess()
    const heartbeatDetails = attempt === 1 ? undefined : beats.at(-1)
    const environment = new MockActivityEnvironment(
      { attempt, heartbeatDetails },
      { logger: new DefaultLogger('ERROR') },
    )
    environment.on('heartbeat', (beat) => beats.push(beat))
    const input = { ref, until: 'end' as const, failed: 0, ...(look === undefined ? {} : { look }) }
    return world.clock.run(environment.run(createActivities(ports, settings).pollOperations, input))
  }
  return { world, at, poll }
}

describe('a look at the operations of plugins', () => {
  it('ends at once and says what stands in the way: nobody has taken the DataDownload', async () => {
    const { world, at, poll } = await waiting()
    world.cluster.drop({
      group: 'apps',
      version: 'v1',
      resource: 'daemonsets',
      namespace: 'velero',
      name: 'node-agent',
    })
    expect(await poll(1, { told: '' })).toMatchObject({
      waitingFor: `1 of 1 operations: shop/moved (DataDownload ${at.name} is New: there is no DaemonSet node-agent)`,
      afterSeconds: 10,
    })
  })

  it('says what the node agent says', async () => {
    const { world, at, poll } = await waiting()
    world.cluster.amend(at, { status: { phase: 'Accepted', message: 'no pod can be placed' } })
    expect(await poll(1, { told: '' })).toMatchObject({
      waitingFor: `1 of 1 operations: shop/moved (DataDownload ${at.name} is Accepted: no pod can be placed)`,
    })
  })

  it('counts how often in a row a DataDownload was not found, over attempts', async () => {
    const { world, at, poll } = await waiting()
    world.cluster.drop(at)
    await expect(poll(1)).rejects.toMatchObject({ type: 'Waiting', nextRetryDelay: 10_000 })
    await expect(poll(2)).rejects.toMatchObject({ type: 'Waiting' })
    expect(await poll(3)).toEqual({ attempted: 1, completed: 0, failed: 1, unfinished: 0 })
  })
})
