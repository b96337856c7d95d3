import type { Delivery } from '../core/notify/judge-answer.ts'

/** Sends notifications to the one receiver that is set. */
export interface Webhook {
  /** The scheme and the host of its address, for messages: the rest may be a secret. */
  readonly receiver: string
  /**
   * Sends a notification once, for some seconds at most, and says what has come of it: trouble is a value. Rejects with the
   * signal's reason alone; the receiver may have it then.
   */
  send(notice: Notice, signal: AbortSignal): Promise<Delivery>
}

/** A notification. */
export interface Notice {
  /** The same each time that it is sent, so that its receiver can tell a second delivery. */
  id: string
  /** JSON. */
  body: string
  /** The time of this try, which is signed with it. */
  at: Date
}
