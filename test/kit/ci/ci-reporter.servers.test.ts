import { expect, it } from 'vitest'
import { reportOf } from './report-of.ts'

it('a hook that fails counts as a test that failed, and the tests that wait for it not as skipped', async () => {
  const report = await reportOf(`
    import { beforeAll, describe, it } from 'vitest'
    describe('a cluster', () => {
      beforeAll(() => { throw new Error('it did not start\\nbecause') })
      it('restores', () => {})
      describe('with a node', () => { it('runs hooks', () => {}) })
    })
    it('adds', () => {})
    it.skip('waits', () => {})`)
  expect(report).toMatchObject({
    passed: 1,
    failed: 1,
    failures: [{ file: 'one.test.ts', test: 'a cluster > a hook', error: 'it did not start' }],
    skipped: [{ file: 'one.test.ts', test: 'waits' }],
    brokenFiles: [],
  })
})

it('a file that cannot be loaded, or whose outermost hook fails, is broken', async () => {
  expect(await reportOf(`throw new Error('no')`)).toMatchObject({ passed: 0, brokenFiles: ['one.test.ts'] })
  const outermost = `import { beforeAll, it } from 'vitest'; beforeAll(() => { throw new Error('no') }); it('a', () => {})`
  expect(await reportOf(outermost)).toMatchObject({ passed: 0, brokenFiles: ['one.test.ts'] })
})
