import { AsyncLocalStorage } from 'node:async_hooks'
import { Context } from '@temporalio/activity'

/** Of which activity the running code is a part: each line of the log can name its restore, though no call passes it on. */
export interface ActivityContext {
  /** The Restore's name; absent for activities that serve no single one. */
  restore?: string
  activity: string
  attempt: number
  /** Called with how long the activity waited for something, in words; the words are put into a class before they are counted. */
  waited?: (reason: string, seconds: number) => void
}

const contexts = new AsyncLocalStorage<ActivityContext>()

/** Runs an activity inside its context; everything that it awaits is in it too. */
export function inActivity<T>(context: ActivityContext, body: () => Promise<T>): Promise<T> {
  return contexts.run(context, body)
}

/** The context of the running code; undefined outside of activities. */
export function currentActivity(): ActivityContext | undefined {
  return contexts.getStore()
}

/** How long Temporal may take for a question or an order. */
const answerMs = 10_000

/**
 * Sends a request to Temporal's server, which has so long for its answer: without a bound an activity would hold its slot for as
 * long as the server is away. Rejects with the SDK's error where it does not answer in time, which is tried again as any other.
 */
export function askTemporal<T>(work: () => Promise<T>, ms: number = answerMs): Promise<T> {
  return Context.current().client.withDeadline(Date.now() + ms, work)
}
