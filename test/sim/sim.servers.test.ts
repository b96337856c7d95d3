import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** Runs the simulator in a process of its own: its clock is the whole process's. */
function simulate(...options: readonly string[]): Promise<{ code: number; text: string }> {
  const at = (file: string) => fileURLToPath(new URL(file, import.meta.url))
  const args = ['--import', at('./alias.ts'), at('./main.ts'), ...options]
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: `${stdout}${stderr}` }),
    )
  })
}

describe('a simulated restore', () => {
  it('comes to its right end, whatever goes wrong', async () => {
    expect(await simulate('--runs', '24', '--seed', '990', '--lanes', '1', '--lane', '0')).toEqual({
      code: 0,
      text: '',
    })
  })

  it.each([
    [301496, 'an attempt of a worker that was frozen is told to stop when it goes on, not before'],
    [301584, 'after a cancel, a retry that finds another tarball is refused'],
    [802207, 'a worker that is frozen while its Lease is not renewed writes nothing when it goes on'],
    [303478, 'a workflow of the locks that was terminated grants nothing'],
  ])('comes to its right end with seed %i: %s', async (seed) => {
    const one = ['--runs', '1', '--seed', String(seed), '--lanes', '1', '--lane', '0']
    expect(await simulate(...one)).toEqual({ code: 0, text: '' })
  })

  it('takes the same steps each time, here with a cancel and a retry that moves the data of a volume again', async () => {
    expect((await simulate('--seed', '20457', '--replay')).code).toBe(0)
  })
})
