import { isTerminal } from '../../velero/phases.ts'
import { visible } from '../report/html.ts'

/** What a receiver has answered. */
export interface ReceiverAnswer {
  status: number
  /** The beginning of its text. */
  text: string
}

/** What comes of one try to deliver a notification. `why` follows the name of the receiver in a sentence. */
export type Delivery =
  { do: 'delivered' } | { do: 'refused'; why: string } | { do: 'again'; why: string; afterSeconds?: number }

/** Characters of the answer's text that are told. */
const textMax = 200

/** Seconds that a receiver may ask to wait. */
const waitSecondsMax = 60

/**
 * Judges an answer: 2xx has taken the notification. 408, 429 and 5xx may pass, and are tried again. Everything else is final, also a
 * redirect: a signed notification goes nowhere but to the address that was set.
 */
export function judgeAnswer({ status, text }: ReceiverAnswer, retryAfter?: string): Delivery {
  if (status >= 200 && status < 300) return { do: 'delivered' }
  if (status >= 300 && status < 400)
    return {
      do: 'refused',
      why: `answered ${status}, a redirect, which is not followed: set the address that it names`,
    }
  const why = `answered ${status}${quoted(text)}`
  if (status !== 408 && status !== 429 && status < 500) return { do: 'refused', why }
  const seconds = Number(retryAfter)
  const isAsked = retryAfter !== undefined && retryAfter !== '' && Number.isFinite(seconds) && seconds > 0
  return { do: 'again', why, ...(isAsked ? { afterSeconds: Math.min(seconds, waitSecondsMax) } : {}) }
}

function quoted(text: string): string {
  const line = visible(text.replace(/\s+/g, ' ').trim()).slice(0, textMax)
  return line === '' ? '' : `: ${line}`
}

/** Whether a phase is one of which people are notified: an end, and for `trouble` one that is not `Completed`. */
export function isNotified(on: 'all' | 'trouble', phase: string): boolean {
  return isTerminal(phase) && (on === 'all' || phase !== 'Completed')
}
