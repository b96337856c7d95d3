import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { reportOf } from './report-of.ts'
import { lastBeginVariable, leftOut } from './late-files.ts'

const runner = fileURLToPath(new URL('./late-files.ts', import.meta.url))
const file = `import { it } from 'vitest'; it('adds', () => {})`

it('a file that would begin after the end is left out, and says so as one skipped test', async () => {
  const late = await reportOf(file, { runner, env: { [lastBeginVariable]: String(Date.now() - 1) } })
  expect(late).toMatchObject({
    passed: 0,
    failed: 0,
    skipped: [{ file: 'one.test.ts', test: leftOut }],
    brokenFiles: [],
  })
})

it('a file that begins before the end runs, and so does each where no end is set', async () => {
  const inTime = { [lastBeginVariable]: String(Date.now() + 600_000) }
  for (const env of [inTime, {}])
    expect(await reportOf(file, { runner, env })).toMatchObject({ passed: 1, failed: 0, skipped: [] })
})
