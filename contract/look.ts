/**
 * A look: an activity that sees what stands there, does what can be done now, and ends within seconds. What is left to
 * wait for, Temporal waits for: it begins the next attempt after a pause, and no slot of a worker is held meanwhile.
 */
export interface Look {
  /** What the workflow knows to be waited for; absent where it does not want to know. */
  told?: string
  /** What the look before has left for this one, as {@link Wait} says. */
  carry?: unknown
}

/** The report of a look that has something to wait for. */
export interface Wait {
  /** What is waited for, and what the server says of it. */
  waitingFor: string
  /** Seconds until the next look. */
  afterSeconds: number
  /** Small things that the next look is to know; where a worker dies they are lost. */
  carry?: unknown
}

/** Whether a look has something to wait for. A report may come from a worker of another version: any value is answered. */
export function isWait(report: object): report is Wait {
  const { waitingFor, afterSeconds } = ((report as object | null | undefined) ?? {}) as Partial<Wait>
  return typeof waitingFor === 'string' && typeof afterSeconds === 'number'
}
