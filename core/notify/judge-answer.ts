import { isTerminal } from '../../velero/phases.ts'

/** What comes of one try to deliver a notification. `why` follows the name of the receiver in a sentence. */
export type Delivery =
  { do: 'delivered' } | { do: 'refused'; why: string } | { do: 'again'; why: string; afterSeconds?: number }

/** Seconds that a receiver may ask to wait. */
const waitSecondsMax = 60

/**
 * Judges an answer: 2xx has taken the notification. 408, 429 and 5xx may pass, and are tried again. Everything else is final, also a
 * redirect: a signed notification goes nowhere but to the address that was set. The text of an answer is not told: receivers quote the
 * path or a key of the request, which are secrets (rule 14).
 */
export function judgeAnswer(status: number, retryAfter?: string): Delivery {
  if (status >= 200 && status < 300) return { do: 'delivered' }
  if (status >= 300 && status < 400)
    return {
      do: 'refused',
      why: `answered ${status}, a redirect, which is not followed: set the address that it names`,
    }
  const why = `answered ${status}`
  if (status !== 408 && status !== 429 && status < 500) return { do: 'refused', why }
  const seconds = Number(retryAfter)
  const isAsked = retryAfter !== undefined && retryAfter !== '' && Number.isFinite(seconds) && seconds > 0
  return { do: 'again', why, ...(isAsked ? { afterSeconds: Math.min(seconds, waitSecondsMax) } : {}) }
}

/** Whether a phase is one of which people are notified: an end, and for `trouble` one that is not `Completed`. */
export function isNotified(on: 'all' | 'trouble', phase: string): boolean {
  return isTerminal(phase) && (on === 'all' || phase !== 'Completed')
}
