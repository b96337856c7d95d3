import type { Client } from '@temporalio/client'
import type { Clock, Cluster, Log, Stores } from '../activities/ports.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import type { ObjectRef, ResourceRef } from '../velero/resource.ts'

/** What the work of an absent Velero server is done with. */
export interface ServerPorts {
  connection: ClusterConnection
  cluster: Cluster
  client: Client
  stores: Stores
  clock: Clock
  log: Log
  /** The Velero namespace. */
  namespace: string
  /** Ends the work. */
  signal: AbortSignal
}

/** Who writes Velero's resources on behalf of an absent server: stands in their managedFields. */
export const serverFieldManager = 'drydock-server'

/** A resource of Velero, by its plural name. */
export function veleroResource(resource: string): ResourceRef {
  return { group: 'velero.io', version: 'v1', resource }
}

/** An object of Velero in its namespace. */
export function veleroObject({ namespace }: Pick<ServerPorts, 'namespace'>, resource: string, name: string): ObjectRef {
  return { ...veleroResource(resource), namespace, name }
}

/** What is done again and again. */
export interface RepeatOptions extends Pick<ServerPorts, 'clock' | 'log' | 'signal'> {
  /** For the log, as in "could not <what>". */
  what: string
  everyMs: number
}

/**
 * Does something at once and then after each pause, until the signal is aborted; what fails is logged, once as long as it
 * fails alike, and tried at the next turn.
 */
export async function repeat(options: RepeatOptions, work: () => Promise<void>): Promise<void> {
  const { what, everyMs, clock, log, signal } = options
  let told: string | undefined
  while (!signal.aborted) {
    try {
      await work()
      told = undefined
    } catch (thrown) {
      const error = String(thrown)
      if (!signal.aborted && told !== error) log.warn(`could not ${what}`, { error })
      told = error
    }
    await clock.sleep(everyMs, signal).catch(() => undefined)
  }
}

const beginAgainMs = 5_000

/** Does lasting work until the signal is aborted. Where it breaks, what is left of it is ended, and it begins again. */
export function keepDoing(
  options: Omit<RepeatOptions, 'everyMs'>,
  work: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  return repeat({ ...options, everyMs: beginAgainMs }, async () => {
    const end = new AbortController()
    try {
      await work(AbortSignal.any([end.signal, options.signal]))
    } finally {
      end.abort()
    }
  })
}
