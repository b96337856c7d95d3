import { afterAll, afterEach, type RunnerTask, type RunnerTestFile } from 'vitest'
import { cleanUp } from './clean-up.ts'

/* The set-up of each file on real servers: what its tests have started ends with it. */

let file: RunnerTestFile | undefined
afterEach(({ task }) => {
  file = task.file
})

afterAll(() => cleanUp({ hasPassed: file !== undefined && !hasFailed(file) }), 120_000)

function hasFailed(task: RunnerTask): boolean {
  return task.result?.state === 'fail' || ('tasks' in task && task.tasks.some(hasFailed))
}
