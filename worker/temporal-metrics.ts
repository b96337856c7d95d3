import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/**
 * An address of this machine alone for the endpoint of Temporal's own metrics, which cannot say what port it took:
 * our `/metrics` reads it and passes it on, so that there is one place to scrape.
 */
export function pickLoopbackAddress(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(`127.0.0.1:${port}`))
    })
  })
}

const deadlineMs = 2000

/** Temporal's metrics as text; empty where they cannot be had, since ours are worth having alone. */
export async function readTemporalMetrics(address: string): Promise<string> {
  try {
    const answer = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(deadlineMs) })
    return answer.ok ? await answer.text() : ''
  } catch {
    return ''
  }
}
