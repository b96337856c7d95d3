/** A Lease of leadership as it was last seen, and for how long it has stood so by our own clock. */
export interface SeenLease {
  holder: string
  /** Since it last changed, as far as this process has seen. */
  unchangedMs: number
}

/** How long a leader that says nothing more is still taken for alive. */
export const leadershipMs = 15_000

/** Renew it, take it, or wait. The clocks of two machines are never compared: only how long nothing has changed. */
export function leaderTurn(lease: SeenLease | undefined, me: string): 'take' | 'renew' | 'wait' {
  if (lease === undefined || lease.holder === '') return 'take'
  if (lease.holder === me) return 'renew'
  return lease.unchangedMs >= leadershipMs ? 'take' : 'wait'
}
