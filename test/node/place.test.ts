import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { openHome } from '../../devstack/home.ts'
import { removeNodePlace, takeNodePlace } from '../../devstack/node/node-place.ts'
import { mustProgram, whyNoNode } from '../../devstack/node/node-requirements.ts'
import { isMissing } from '../kit/debian-program.ts'
import { whenFileIsOver } from '../kit/run/clean-up.ts'
import { ownDir, removeOwn } from '../kit/run/sweep.ts'

const why = whyNoNode()

/** Takes a place, tells its name and gives it back. */
const elsewhere = `
  const { openHome } = await import(process.argv[1] + '/home.ts')
  const { removeNodePlace, takeNodePlace } = await import(process.argv[1] + '/node/node-place.ts')
  const { name } = await takeNodePlace(openHome(process.argv[2]))
  await removeNodePlace({ name })
  console.log(name)`

describe.skipIf(isMissing('a node', why === undefined, why))('the place of a node', () => {
  it('is not that of a node whose network cannot be seen from here: both have cgroups on one machine', async () => {
    const [here, there] = [ownDir(), ownDir()]
    whenFileIsOver(() => Promise.all([here, there].map(removeOwn)))
    const { name } = await takeNodePlace(openHome(here))
    const devstack = new URL('../../devstack', import.meta.url).pathname
    const args = ['--net', process.execPath, '--input-type=module', '-e', elsewhere, devstack, there]
    expect(execFileSync(mustProgram('unshare'), args, { encoding: 'utf8' }).trim()).not.toBe(name)
    await removeNodePlace({ name })
  })
})
