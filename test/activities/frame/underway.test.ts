import { describe, expect, it } from 'vitest'
import { assertUnderway } from '../../../activities/frame/run-activity.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import { claimedAnnotation } from '../../../velero/labels.ts'
import { createClock } from '../../ports/clock.ts'
import { createCluster } from '../../ports/cluster/cluster.ts'
import { chunkOf, create, changed, ref, restoreAt, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'
import { createWorld } from '../../ports/world.ts'

const claimed = { [claimedAnnotation]: 'worker-1' }
const swept = restartFailureReason

function lookAt(annotations: Record<string, string>, status: object, run?: number) {
  const cluster = createCluster(createClock())
  const at = { name: 'again', namespace: 'velero', uid: 'u' }
  cluster.place({ apiVersion: 'velero.io/v1', kind: 'Restore', metadata: { ...at, annotations }, spec: {}, status })
  return assertUnderway(cluster.connect(), {
    ...at,
    cluster: 'c',
    location: 'l',
    ...(run === undefined ? {} : { run }),
  })
}

describe('writes for a restore', () => {
  it('are made while it is claimed and has not ended, also where a starting Velero server marks it as failed', async () => {
    await lookAt(claimed, { phase: 'InProgress' })
    await lookAt(claimed, { phase: 'FinalizingPartiallyFailed' })
    await lookAt(claimed, { phase: 'Failed', failureReason: swept })
    await lookAt({ ...claimed, 'drydock.io/run': '2' }, { phase: 'InProgress' }, 2)
  })

  it('are refused for one that is over, is not claimed or is in another run', async () => {
    await expect(lookAt(claimed, { phase: 'Completed' })).rejects.toThrow(
      'nothing is written for Restore velero/again: it is Completed',
    )
    await expect(lookAt(claimed, { phase: 'Failed', failureReason: 'cancelled' })).rejects.toThrow('it is Failed')
    await expect(lookAt({}, { phase: 'InProgress' })).rejects.toThrow('it is not claimed')
    await expect(lookAt(claimed, { phase: 'New' })).rejects.toThrow('it is not claimed')
    await expect(lookAt({ ...claimed, 'drydock.io/run': '2' }, { phase: 'InProgress' })).rejects.toThrow('in run 2')
  })

  it.each([
    'planRestore',
    'restoreChunk',
    'runHooks',
    'awaitPodVolumes',
    'pollOperations',
    'finalizeRestore',
    'concludeRestore',
  ])('are refused to %s by the journal of a restore that is over', async (activity) => {
    const over = changed(worldAt({ before: 'configmaps' }), ({ cluster }) =>
      cluster.amend(restoreAt, { status: { phase: 'Completed' } }),
    )
    const world = createWorld(await over)
    const before = world.cluster.objects()
    const files = new Map(world.buckets.objects('backups'))
    const more = {
      follows: false,
      complete: false,
      because: 'over',
      waves: [8],
      until: 'end',
      failed: 0,
      task: 'patch-volumes',
      deadlineSeconds: 60,
    }
    const input = { ...chunkOf('configmaps'), ...more, ref }
    const { outcome } = await runAttempts({ world, create, settings, activity, input })
    expect(outcome).toMatchObject({
      failure: {
        type: 'RestoreFailed',
        message: expect.stringContaining('nothing is written for Restore velero/again: it is Completed'),
      },
    })
    expect(world.cluster.objects()).toEqual(before)
    expect(world.buckets.objects('backups')).toEqual(files)
  })

  it.each([
    ['planRestore', {}],
    ['concludeRestore', { complete: true }],
    ['pollOperations', { until: 'end', failed: 0 }],
    ['finalizeRestore', { task: 'clean-up', deadlineSeconds: 60 }],
  ])('are no trouble to %s of a run that was reset: it ends without a change', async (activity, more) => {
    const world = createWorld(await worldAt({ before: 'configmaps' }))
    world.cluster.amend(restoreAt, { status: { phase: 'Completed' } })
    const input = { ref, follows: true, ...more }
    const { outcome } = await runAttempts({ world, create, settings, activity, input })
    expect(outcome).toMatchObject({ failure: { type: 'RunOver', message: expect.stringContaining('is Completed') } })
  })

  it('are made for the late results of a failed restore, and to take away what a Restore that is gone has left', async () => {
    const world = createWorld(await worldAt({ before: 'configmaps' }))
    world.cluster.amend(restoreAt, { status: { phase: 'Failed', failureReason: 'cancelled: enough' } })
    const run = (activity: string, more: object) =>
      runAttempts({ world, create, settings, activity, input: { ref, ...more } })
    expect((await run('concludeRestore', { complete: false })).outcome).toHaveProperty('result')
    world.cluster.place({
      apiVersion: 'velero.io/v1',
      kind: 'Restore',
      metadata: { name: ref.name, namespace: ref.namespace, uid: 'next' },
    })
    expect((await run('cancelOperations', { because: 'over' })).outcome).toHaveProperty('result')
    expect((await run('removeLeftovers', {})).outcome).toHaveProperty('result')
  })

  it.each(['cancelOperations', 'removeLeftovers'])('are refused to %s while the next run goes on', async (activity) => {
    const world = createWorld(await worldAt({ before: 'configmaps' }))
    const { metadata } = world.cluster.look(restoreAt) ?? {}
    const annotations = { ...metadata?.annotations, 'drydock.io/run': '2' }
    world.cluster.amend(restoreAt, { metadata: { ...metadata, annotations } })
    const { outcome } = await runAttempts({ world, create, settings, activity, input: { ref, because: 'over' } })
    expect(outcome).toMatchObject({ failure: { message: expect.stringContaining('is in run 2, not in run 1') } })
  })
})
