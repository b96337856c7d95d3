/**
 * Whether a program is missing that the devstack cannot provide, such as a browser: its tests are then skipped, and the reason
 * is printed. In CI, which installs it from Debian, a missing one is an error.
 */
export function isMissing(program: string, isThere: boolean): boolean {
  if (isThere) return false
  const reason = `${program} is not on PATH`
  if (process.env['DRYDOCK_TEST_PROGRAMS'] === 'required')
    throw new Error(`${reason}; on Debian: apt-get install ${program}`)
  console.error(`${reason}: its tests are skipped`)
  return true
}
