import { it, TestRunner } from 'vitest'

/** Until when a file of tests on real servers may begin: milliseconds since 1970. Without it there is no such end. */
export const lastBeginVariable = 'DRYDOCK_TEST_LAST_BEGIN'

/** The one test of a file that did not begin in time: it is skipped, and its name says why. */
export const leftOut = 'left out: this file would have begun too late'

/** Runs a file as vitest does, but leaves out what would begin after the end that `.ci/run` has set. */
export default class LateFiles extends TestRunner {
  override importFile(path: string, source: 'collect' | 'setup'): unknown {
    if (source === 'setup' || !isLate()) return super.importFile(path, source)
    return it(leftOut, (context) => context.skip())
  }
}

function isLate(): boolean {
  const lastBegin = process.env[lastBeginVariable]
  return lastBegin !== undefined && Date.now() > Number(lastBegin)
}
