import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import type { RunReport } from './ci-reporter.ts'

const run = promisify(execFile)
const vitest = createRequire(import.meta.url).resolve('vitest/package.json')
const aside = fileURLToPath(new URL('../../../.tmp', import.meta.url))
const reporter = fileURLToPath(new URL('./ci-reporter.ts', import.meta.url))

/** Runs one test file alone; returns what the reporter says of it. */
async function reportOf(text: string): Promise<RunReport> {
  // Below the repository, where vitest can be imported from.
  mkdirSync(aside, { recursive: true })
  const dir = mkdtempSync(join(aside, 'reporter-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'vitest.config.ts'), 'export default {}')
  writeFileSync(join(dir, 'one.test.ts'), text)
  const report = join(dir, 'report.json')
  const args = ['run', '--root', dir, '--reporter', reporter]
  const env = { ...process.env, DRYDOCK_TEST_REPORT: report }
  await run(process.execPath, [join(dirname(vitest), 'vitest.mjs'), ...args], { cwd: dir, env }).catch(() => undefined)
  return JSON.parse(readFileSync(report, 'utf8')) as RunReport
}

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
