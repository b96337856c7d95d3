import { afterAll, afterEach, type RunnerTask, type RunnerTestFile } from 'vitest'

const key = Symbol.for('drydock.test.clean-up')
const place = globalThis as unknown as Record<symbol, Work[] | undefined>

type Work = (file: { hasPassed: boolean }) => unknown

/**
 * Runs this when the test file is over, the last one first. A hook that is registered while a hook runs is not called by
 * the runner, so servers and workers that are started in `beforeAll` are noted here and stopped by the set-up of each file.
 */
export function whenFileIsOver(work: Work): void {
  const works = (place[key] ??= [])
  works.push(work)
}

let file: RunnerTestFile | undefined
afterEach(({ task }) => {
  file = task.file
})

afterAll(async () => {
  const hasPassed = file !== undefined && !hasFailed(file)
  const works = (place[key] ?? []).splice(0).reverse()
  for (const work of works) {
    try {
      await work({ hasPassed })
    } catch (error) {
      console.error('cleaning up after a test file failed:', error)
    }
  }
}, 120_000)

function hasFailed(task: RunnerTask): boolean {
  return task.result?.state === 'fail' || ('tasks' in task && task.tasks.some(hasFailed))
}
