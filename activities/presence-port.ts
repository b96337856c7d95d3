/** This worker's Lease in the cluster, and which attempts other workers run (rule 7). */
export interface Presence {
  /** The name of this worker's Lease, and of the worker in claims and messages. */
  readonly worker: string
  /** Throws `ApiError` of reason `NoLease` where the last renewal is too old to begin a write. */
  assertMayWrite(): void
  /** Registers an attempt that runs here, until the returned function is called. `scope` is `<restore uid>/<what>`. */
  begin(scope: string): () => void
  /**
   * Waits until no other attempt of that scope (or, where it ends in `/`, of a scope below it) can still write: until the
   * Lease of each other worker has expired or was renewed without naming the scope, and until attempts in this process have
   * ended. `onWait` gets the reason, each second.
   */
  fence(scope: string, options: { signal: AbortSignal; onWait: (reason: string) => void }): Promise<void>
  /** Whether a write of an attempt of that scope here got no answer, and may still take effect. */
  hasUnanswered(scope: string): boolean
  /** Waits until there is no such write. */
  settle(scope: string, options: { signal: AbortSignal; onWait: (reason: string) => void }): Promise<void>
}
