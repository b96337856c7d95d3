import type { Access, ActingUser } from '../core/asked/acting-user.ts'

/** A part of the port `Cluster`: how it is used as somebody else. */
export interface ActsAs<Cluster> {
  /**
   * The same cluster, where each write is made as this user (Kubernetes' impersonation), whatever it writes and wherever, but for those
   * `ofDrydock`. Reads stay those of the worker.
   */
  as(user: ActingUser): Cluster
  /** Whether the user may do this. */
  mayDo(user: ActingUser, what: Access): Promise<boolean>
}

/** An option of a call that may be made as somebody else; without it it is made as the worker. */
export interface MayActAs {
  as?: ActingUser | undefined
}

/** An option of writes. */
export interface MayBeOfDrydock {
  /**
   * An object that Drydock makes for itself, and no item: the worker writes it, also where the rest is written as a user. Which object
   * that is must not be for the author of a Restore, or of a backup, to choose.
   */
  ofDrydock?: true
}
