import type { Access, ActingUser } from '../core/asked/acting-user.ts'

/** A part of the port `Cluster`: how it is used as somebody else. */
export interface ActsAs<Cluster> {
  /**
   * The same cluster, where writes are made as this user (Kubernetes' impersonation). Reads stay those of the worker, and so do writes of
   * Velero's own resources, and all in this namespace, where Velero's and Drydock's own objects are.
   */
  as(user: ActingUser, veleroNamespace: string): Cluster
  /** Whether the user may do this. */
  mayDo(user: ActingUser, what: Access): Promise<boolean>
}

/** An option of a call that may be made as somebody else; without it it is made as the worker. */
export interface MayActAs {
  as?: ActingUser | undefined
}
