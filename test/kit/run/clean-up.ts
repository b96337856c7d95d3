import { afterAll } from 'vitest'

const key = Symbol.for('drydock.test.clean-up')
const place = globalThis as unknown as Record<symbol, (() => unknown)[] | undefined>

/**
 * Runs this when the test file is over, the last one first. A hook that is registered while a hook runs is not called by
 * the runner, so servers and workers that are started in `beforeAll` are noted here and stopped by the set-up of each file.
 */
export function whenFileIsOver(work: () => unknown): void {
  const works = (place[key] ??= [])
  works.push(work)
}

afterAll(async () => {
  const works = (place[key] ?? []).splice(0).reverse()
  for (const work of works) {
    try {
      await work()
    } catch (error) {
      console.error('cleaning up after a test file failed:', error)
    }
  }
}, 120_000)
