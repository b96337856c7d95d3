const key = Symbol.for('drydock.test.clean-up')
const place = globalThis as unknown as Record<symbol, Work[] | undefined>

type Work = (file: { hasPassed: boolean }) => unknown

/**
 * Runs this when the test file is over, the last one first. A hook that is registered while a hook runs is not called by
 * the runner, so servers and workers that are started in `beforeAll` are noted here and stopped by the set-up of each file.
 * A program that is no test calls `cleanUp` itself.
 */
export function whenFileIsOver(work: Work): void {
  const works = (place[key] ??= [])
  works.push(work)
}

/** Does all that was noted, also what is noted meanwhile, by something that was about to start; whatever fails of it. */
export async function cleanUp(file: { hasPassed: boolean }): Promise<void> {
  const works = place[key] ?? []
  for (let work = works.pop(); work !== undefined; work = works.pop()) {
    try {
      await work(file)
    } catch (error) {
      console.error('cleaning up after a test file failed:', error)
    }
  }
}
