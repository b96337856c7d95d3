import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

it('replays histories that nobody recorded to an end in words, in a process of its own, which has one worker', async () => {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const args = [main, '--target', 'history', '--cases', '60', '--seed', '1']
  const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: `${stdout}${stderr}` }),
    )
  })
  expect({ code, text }).toEqual({ code: 0, text: expect.stringMatching(/history 60; \d+ replayed, [1-9]/) })
})
