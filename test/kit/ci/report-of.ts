import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import type { RunReport } from './ci-reporter.ts'

const run = promisify(execFile)
const vitest = createRequire(import.meta.url).resolve('vitest/package.json')
const aside = fileURLToPath(new URL('../../../.tmp', import.meta.url))
const reporter = fileURLToPath(new URL('./ci-reporter.ts', import.meta.url))

/** Runs one test file, whose text is given, alone in a vitest of its own; returns what the reporter says of it. */
export async function reportOf(
  text: string,
  { runner, env = {} }: { runner?: string; env?: Record<string, string> } = {},
): Promise<RunReport> {
  // Below the repository, where vitest can be imported from.
  mkdirSync(aside, { recursive: true })
  const dir = mkdtempSync(join(aside, 'reporter-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'vitest.config.ts'), `export default ${JSON.stringify({ test: { runner } })}`)
  writeFileSync(join(dir, 'one.test.ts'), text)
  const report = join(dir, 'report.json')
  const args = ['run', '--root', dir, '--reporter', reporter]
  const whole = { ...process.env, ...env, DRYDOCK_TEST_REPORT: report }
  await run(process.execPath, [join(dirname(vitest), 'vitest.mjs'), ...args], { cwd: dir, env: whole }).catch(
    () => undefined,
  )
  return JSON.parse(readFileSync(report, 'utf8')) as RunReport
}
