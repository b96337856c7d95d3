/**
 * Whether a program is missing that the devstack cannot provide, such as a browser: its tests are then skipped, and the reason
 * is printed. In CI, which installs it from Debian, a missing one is an error.
 */
export function isMissing(program: string, isThere: boolean, why = `${program} is not on PATH`): boolean {
  if (isThere) return false
  if (process.env['DRYDOCK_TEST_PROGRAMS'] === 'required')
    throw new Error(`${why}; on Debian: apt-get install ${program}`)
  console.error(`${why}: its tests are skipped`)
  return true
}
