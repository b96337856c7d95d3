/** By how much a wait may be longer than its test says, on a machine that is busy with other things. A limit costs no time. */
const patience = 4
const pauseMs = { first: 50, growth: 1.2, max: 300 }

/** A look that takes long, such as a command of the client, is not the most of what the processors do meanwhile. */
const pausePerLook = 2

/**
 * Looks again and again until the condition holds, first often and then less so, since a look costs the servers' time too. Past four
 * times `ms` it fails and names what it waited for.
 */
export async function waitUntil(condition: () => boolean | Promise<boolean>, ms: number, what: string): Promise<void> {
  const deadline = Date.now() + ms * patience
  for (let pause = pauseMs.first; ; pause = Math.min(pause * pauseMs.growth, pauseMs.max)) {
    const from = Date.now()
    if (await condition()) return
    if (Date.now() > deadline) throw new Error(`gave up waiting for ${what} after ${ms * patience} ms`)
    const lookMs = Date.now() - from
    await new Promise((resolve) => setTimeout(resolve, Math.max(pause, lookMs * pausePerLook)))
  }
}
