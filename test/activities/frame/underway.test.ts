import { describe, expect, it } from 'vitest'
import { assertUnderway } from '../../../activities/frame/underway.ts'
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

  it.each(['restoreChunk', 'runHooks', 'awaitPodVolumes', 'pollOperations', 'finalizeRestore'])(
    'are refused to %s by the journal of a restore that is over',
    async (activity) => {
      const over = changed(worldAt({ before: 'configmaps' }), ({ cluster }) =>
        cluster.amend(restoreAt, { status: { phase: 'Completed' } }),
      )
      const world = createWorld(await over)
      const before = world.cluster.objects()
      const more = { follows: false, waves: [8], until: 'end', failed: 0, task: 'patch-volumes', deadlineSeconds: 60 }
      const input = { ...chunkOf('configmaps'), ...more, ref }
      const { outcome } = await runAttempts({ world, create, settings, activity, input })
      expect(outcome).toMatchObject({
        failure: { type: 'RestoreFailed', message: 'nothing is written for Restore velero/again: it is Completed' },
      })
      expect(world.cluster.objects()).toEqual(before)
    },
  )
})
