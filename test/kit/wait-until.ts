/** By how much a wait may be longer than its test says, on a machine that is busy with other things. A limit costs no time. */
const patience = 4
const pauseMs = { first: 50, growth: 1.2, max: 300 }

/**
 * Looks again and again until the condition holds, first often and then less so, since a look costs the servers' time too. Past four
 * times `ms` it fails and names what it waited for.
 */
export async function waitUntil(condition: () => boolean | Promise<boolean>, ms: number, what: string): Promise<void> {
  const deadline = Date.now() + ms * patience
  for (let pause = pauseMs.first; !(await condition()); pause = Math.min(pause * pauseMs.growth, pauseMs.max)) {
    if (Date.now() > deadline) throw new Error(`gave up waiting for ${what} after ${ms * patience} ms`)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
