import type { Client } from '@temporalio/client'
import type { Log, Ports } from '../activities/ports.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import type { RunningPresence } from '../infra/presence/presence.ts'
import { isLeader } from './decide/leader.ts'
import { keepDoing } from './ports.ts'
import { reportDrills } from './report-drills.ts'
import type { DrillsOptions } from './report-drills.ts'
import { reportWaits } from './report-waits.ts'
import { runServer, type ServerSettings } from './run-server.ts'

/** What the leader among the workers of a cluster works with. */
export interface LeadingOptions {
  settings: ServerSettings
  client: Client
  connection: ClusterConnection
  presence: RunningPresence
  ports: Ports
  /** The Velero namespace. */
  namespace: string
  setDrills: DrillsOptions['setDrills']
  signal: AbortSignal
}

/** What one worker does for all: the work of an absent Velero server, Events about restores that wait, and the metrics of drills. */
export function startLeading(options: LeadingOptions): Promise<void> {
  const { settings, client, connection, presence, ports, namespace, setDrills, signal } = options
  const { cluster, stores, clock, log } = ports
  return runAsLeader({ presence, clock, log, signal }, async (leading) => {
    const server = { connection, client, cluster, stores, clock, log, namespace }
    await Promise.all([
      keepDoing({ clock, log, signal: leading, what: 'do the work of a Velero server' }, (within) =>
        runServer({ ...server, signal: within }, settings),
      ),
      reportWaits({ client, ports, namespace, signal: leading }),
      reportDrills({ client, ports, namespace, setDrills, signal: leading }),
    ])
  })
}

/** What the leader is found with. */
export interface ElectionOptions extends Pick<Ports, 'clock' | 'log'> {
  presence: Pick<RunningPresence, 'worker' | 'look' | 'heldMs'>
  signal: AbortSignal
}

const lookEveryMs = 3_000
/** With the time for one look (5 s) and the pause before it, a leader that cannot look stops within 13 s. */
const unknownMs = 5_000

/**
 * Does `lead` while this worker is the leader ({@link isLeader}), until the signal is aborted. The signal of `lead` is
 * aborted when this worker is the leader no more, and `lead` is begun again when it is again. No Lease is kept for it:
 * the Leases by which workers may write at all (rule 7) tell who is there, and on the wire they stop a leader that slept.
 * What it does must bear being done twice for a moment: a request that was sent before may still be served.
 */
export async function runAsLeader(
  options: ElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { clock, signal, log } = options
  let term: { end: AbortController; done: Promise<void> } | undefined
  let knownAtMs = 0
  const endTerm = async (): Promise<void> => {
    term?.end.abort()
    await term?.done
    term = undefined
  }
  while (!signal.aborted) {
    const askedAtMs = performance.now()
    const leads = await lookWhetherLeader(options)
    if (leads !== undefined) knownAtMs = askedAtMs
    if (leads === true && term === undefined && !signal.aborted) {
      log.info('this worker is the leader')
      const end = new AbortController()
      term = { end, done: logFailure(log, lead(AbortSignal.any([end.signal, signal]))) }
    } else if (term !== undefined && (leads === false || performance.now() - knownAtMs > unknownMs)) {
      log.warn('this worker is the leader no more')
      await endTerm()
    }
    await clock.sleep(lookEveryMs, signal).catch(() => undefined)
  }
  await endTerm()
}

/** Undefined where it cannot be told now. */
async function lookWhetherLeader({ presence, log }: ElectionOptions): Promise<boolean | undefined> {
  try {
    const leases = await presence.look()
    return isLeader(presence.worker, leases, presence.heldMs())
  } catch (error) {
    log.warn('which worker is the leader cannot be told', { error: String(error) })
    return undefined
  }
}

async function logFailure(log: Log, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    log.error('the work of the leader has ended', { error: String(error) })
  }
}
