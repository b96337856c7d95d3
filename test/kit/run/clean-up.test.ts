import { expect, it, vi } from 'vitest'
import { cleanUp, whenFileIsOver } from './clean-up.ts'

const passed = { hasPassed: true }

it('does the last work first, and also what is noted while it runs', async () => {
  const done: string[] = []
  whenFileIsOver(() => done.push('server'))
  whenFileIsOver(async () => {
    await Promise.resolve()
    whenFileIsOver(() => done.push('worker that was about to start'))
    done.push('worker')
  })
  await cleanUp(passed)
  expect(done).toEqual(['worker', 'worker that was about to start', 'server'])
  await cleanUp(passed)
  expect(done).toHaveLength(3)
})

it('goes on after a work that fails', async () => {
  const done: string[] = []
  using told = vi.spyOn(console, 'error').mockReturnValue()
  whenFileIsOver(() => done.push('server'))
  whenFileIsOver(() => Promise.reject(new Error('planned by the test')))
  await cleanUp(passed)
  expect(done).toEqual(['server'])
  expect(told).toHaveBeenCalledOnce()
})
