import '../../ports/deterministic.ts'
import { expect, it } from 'vitest'
import { inActivity } from '../../../activities/frame/activity-context.ts'
import { locksWorkflowIdOf, locksWorkflowType } from '../../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { createMetrics } from '../../../infra/metrics/worker-metrics.ts'
import { createWorld } from '../../ports/world.ts'
import { create, ref, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

const locks = { workflowType: locksWorkflowType, workflowId: locksWorkflowIdOf(ref), signal: 'request' }
const run = { workflowId: workflowIdOf(ref), runId: 'run-1' }

it('is not done by a worker that has lost its Lease while it planned: the restore may have gone on without it', async () => {
  const world = createWorld(await worldAt('planned'))
  let looks = 0
  const losing: typeof create = (ports, set) => {
    const assertMayWrite = () => {
      if (looks++ === 0) throw new ApiError({ code: 0, reason: 'NoLease', message: 'the Lease has run out' })
    }
    return create({ ...ports, presence: { ...ports.presence, assertMayWrite } }, set)
  }
  const input = { ref, ask: { locks, run } }
  const { attempts, outcome } = await runAttempts({ world, create: losing, settings, activity: 'planRestore', input })
  const asks = attempts.map((calls) => calls.filter(({ name }) => name === 'signalWithStart').length)
  expect(asks).toEqual([0, 1])
  expect(outcome).toMatchObject({ result: { asked: { patienceMs: expect.any(Number) } } })
})

it('counts the wait for locks since the restore asked last, in the metric of the alert', async () => {
  const { waited, text } = createMetrics({ namespace: 'velero' })
  const counted = async () => /^drydock_wait_seconds_total\{reason="lock"\} (.*)$/m.exec(await text())?.[1]
  const world = createWorld(await worldAt('planned'))
  const ask = (more: object) =>
    inActivity({ activity: 'requestLocks', attempt: 1, waited }, () =>
      runAttempts({
        world,
        create,
        settings,
        activity: 'requestLocks',
        input: { ref, locks, run, ...more },
      }),
    )
  expect((await ask({})).outcome).toMatchObject({ result: {} })
  expect(await counted()).toBe('0')
  await ask({ waitedSeconds: 5 })
  await ask({ waitedSeconds: 300 })
  expect(await counted()).toBe('305')
})
