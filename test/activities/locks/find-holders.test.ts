import '../../ports/deterministic.ts'
import { expect, it } from 'vitest'
import { createActivities } from '../../../activities/index.ts'
import type { AnyActivities, RunOptions } from '../crash/run-attempts.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import { createWorld } from '../../ports/world.ts'
import { ref, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

it.each([
  ['holds them is taken to hold all', 'held', [{ namespaces: ['*'] }]],
  ['waits for them is left out: it asks again', 'asked', []],
])('a restore whose plan cannot be read, since its bucket hangs, and that %s', async (_what, state, holders) => {
  const world = createWorld(await worldAt('planned'))
  const runId = 'run-1'
  const answers = { namespaces: { state, runId } }
  world.temporal.place({ type: 'restore', workflowId: workflowIdOf(ref), runId, answers })
  const stores = { open: () => new Promise<never>(() => undefined) }
  const create: RunOptions['create'] = (ports, set) =>
    createActivities({ ...ports, stores }, set) as unknown as AnyActivities
  const begunMs = world.clock.nowMs()
  const { outcome } = await runAttempts({
    world,
    create,
    settings,
    activity: 'findHolders',
    input: { query: 'namespaces' },
  })
  expect(outcome).toMatchObject({ result: { holders, waiting: [] } })
  expect(world.clock.nowMs() - begunMs).toBeLessThan(30_000)
})
