import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { expect, it } from 'vitest'
import { ApiError } from '../../../core/port-errors.ts'
import type { Conclusion } from '../../../activities/conclude/conclude-restore.ts'
import { createWorld } from '../../ports/world.ts'
import { create, ref, settings, worldAt } from '../crash/restore-in-memory.ts'

it('the result files are not written by a worker whose Lease has run out: its successor has written newer ones', async () => {
  const world = createWorld(await worldAt('restored'))
  const { ports } = world.startProcess()
  const begun: string[] = []
  const presence: typeof ports.presence = {
    ...ports.presence,
    begin: (scope) => {
      begun.push(scope)
      return ports.presence.begin(scope)
    },
    assertMayWrite: () => {
      throw new ApiError({ code: 0, reason: 'NoLease', message: 'its last renewal is 37 s old' })
    },
  }
  const { concludeRestore } = create({ ...ports, presence }, settings)
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
  const before = [...world.buckets.objects('backups').keys()]
  const run = environment.run(concludeRestore as (input: unknown) => Promise<unknown>, { ref, complete: true })
  await expect(world.clock.run(run)).rejects.toMatchObject({ type: 'NoLease' })
  const isFile = (key: string) => !key.includes('/drydock/')
  expect([...world.buckets.objects('backups').keys()].filter(isFile)).toEqual(before.filter(isFile))
  expect(begun).toEqual([`${ref.uid}/conclude`])
})

it.each([
  { complete: true, tasks: ['patch-volumes', 'clean-up', 'await-hooks', 'tidy-journal'] },
  { complete: false, tasks: undefined },
])(
  'the conclusion lists the finalization tasks that may have work: complete $complete',
  async ({ complete, tasks }) => {
    const world = createWorld(await worldAt('restored'))
    const { concludeRestore } = create(world.startProcess().ports, settings)
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
    const run = environment.run(concludeRestore as (input: unknown) => Promise<unknown>, { ref, complete })
    const conclusion = (await world.clock.run(run)) as Conclusion
    expect(conclusion.tasks?.map(({ name }) => name)).toEqual(tasks)
  },
)
