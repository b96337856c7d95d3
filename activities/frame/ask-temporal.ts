import { Context } from '@temporalio/activity'

/** How long Temporal may take for a question or an order. */
const answerMs = 10_000

/**
 * Sends a request to Temporal's server, which has so long for its answer: without a bound an activity would hold its slot for as
 * long as the server is away. Rejects with the SDK's error where it does not answer in time, which is tried again as any other.
 */
export function askTemporal<T>(work: () => Promise<T>, ms: number = answerMs): Promise<T> {
  return Context.current().client.withDeadline(Date.now() + ms, work)
}
