import '../../ports/deterministic.ts'
import { expect, it } from 'vitest'
import { inActivity } from '../../../activities/frame/activity-context.ts'
import { locksWorkflowIdOf, locksWorkflowType } from '../../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import { createMetrics } from '../../../infra/metrics/worker-metrics.ts'
import { createWorld } from '../../ports/world.ts'
import { create, ref, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

it('counts the wait for locks since the restore asked last, in the metric of the alert', async () => {
  const { waited, text } = createMetrics({ namespace: 'velero' })
  const counted = async () => /^drydock_wait_seconds_total\{reason="lock"\} (.*)$/m.exec(await text())?.[1]
  const world = createWorld(await worldAt('planned'))
  const locks = { workflowType: locksWorkflowType, workflowId: locksWorkflowIdOf(ref), signal: 'request' }
  const ask = (more: object) =>
    inActivity({ activity: 'requestLocks', attempt: 1, waited }, () =>
      runAttempts({
        world,
        create,
        settings,
        activity: 'requestLocks',
        input: { ref, locks, run: { workflowId: workflowIdOf(ref), runId: 'run-1' }, ...more },
      }),
    )
  expect((await ask({})).outcome).toMatchObject({ result: {} })
  expect(await counted()).toBe('0')
  await ask({ waitedSeconds: 5 })
  await ask({ waitedSeconds: 300 })
  expect(await counted()).toBe('305')
})
