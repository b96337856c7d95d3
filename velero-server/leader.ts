import type { Clock, Log } from '../activities/ports.ts'
import { ApiError, isAlreadyExists, isConflict, isNotFound } from '../core/port-errors.ts'
import { leaderTurn, leadershipMs } from './decide/leader-turn.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import { collectionPath, objectPath } from '../infra/cluster/resource-path.ts'
import type { Manifest } from '../velero/manifest.ts'

/** What leadership is kept with. */
export interface LeaderOptions {
  connection: Pick<ClusterConnection, 'send'>
  namespace: string
  /** The worker's own name, unlike any other's. */
  me: string
  clock: Clock
  log: Log
  signal: AbortSignal
}

const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' } as const
const leaseName = 'drydock-server'
const turnMs = 3_000
const requestSeconds = 3
/** A leader that could not renew for so long stops, well before another one may begin. */
const giveUpMs = 10_000

/**
 * Does `lead` while this worker is the one leader among the workers of a cluster, until the signal is aborted. Its own
 * signal is aborted when leadership is lost, and it is begun again when it is won again. What is done by a leader must
 * bear being done twice for a moment: a process that was asleep learns late that it leads no more.
 */
export async function runAsLeader(options: LeaderOptions, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const { clock, signal, log } = options
  const lease = leaderLease(options)
  let term: { end: AbortController; done: Promise<void> } | undefined
  let heldAt = 0
  const endTerm = async (): Promise<void> => {
    term?.end.abort()
    await term?.done
    term = undefined
  }
  while (!signal.aborted) {
    const startedAt = performance.now()
    const holds = await lease.turn()
    if (holds) heldAt = startedAt
    if (holds && term === undefined) {
      log.info('this worker leads', { lease: leaseName })
      const end = new AbortController()
      term = { end, done: guarded(log, () => lead(AbortSignal.any([end.signal, signal]))) }
    } else if (!holds && term !== undefined && (holds === false || performance.now() - heldAt > giveUpMs)) {
      log.warn('this worker leads no more', { lease: leaseName })
      await endTerm()
    }
    await clock.sleep(turnMs, signal).catch(() => undefined)
  }
  await endTerm()
  await lease.giveBack()
}

async function guarded(log: Log, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    log.error('the leader’s work has ended', { error: String(error) })
  }
}

interface LeaderLease {
  /** Whether we hold it after this turn; undefined where that is not known. */
  turn(): Promise<boolean | undefined>
  giveBack(): Promise<void>
}

interface LeaseObject extends Manifest {
  spec?: { holderIdentity?: string; leaseTransitions?: number }
}

function leaderLease({ connection, namespace, me, clock, log }: LeaderOptions): LeaderLease {
  const path = objectPath({ ...leases, namespace, name: leaseName })
  const way = { lane: 'vital', timeoutSeconds: requestSeconds } as const
  let seen: { version: string; since: number } | undefined

  const specOf = (transitions: number, holder: string) => ({
    holderIdentity: holder,
    leaseDurationSeconds: leadershipMs / 1000,
    leaseTransitions: transitions,
    renewTime: clock.now().toISOString().replace('Z', '000Z'),
  })

  async function read(): Promise<LeaseObject | undefined> {
    try {
      return (await connection.send({ ...way, method: 'GET', path })) as LeaseObject
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async function write(lease: LeaseObject | undefined, holder: string): Promise<void> {
    const query = { fieldManager: 'drydock' }
    if (lease === undefined) {
      const body = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: leaseName },
        spec: specOf(0, holder),
      }
      await connection.send({ ...way, method: 'POST', path: collectionPath(leases, namespace), query, body })
      return
    }
    const changes = lease.spec?.holderIdentity === holder ? 0 : 1
    const body = {
      metadata: { resourceVersion: lease.metadata.resourceVersion },
      spec: specOf((lease.spec?.leaseTransitions ?? 0) + changes, holder),
    }
    await connection.send({ ...way, method: 'PATCH', path, query, body, contentType: 'application/merge-patch+json' })
  }

  return {
    async turn() {
      try {
        const lease = await read()
        const version = lease?.metadata.resourceVersion ?? ''
        if (seen?.version !== version) seen = { version, since: performance.now() }
        const holder = lease?.spec?.holderIdentity ?? ''
        const known = lease && { holder, unchangedMs: performance.now() - seen.since }
        if (leaderTurn(known, me) === 'wait') return false
        await write(lease, me)
        return true
      } catch (error) {
        if (isConflict(error) || isAlreadyExists(error)) return undefined
        if (!(error instanceof ApiError)) throw error
        log.warn('leadership could not be renewed', { lease: leaseName, error: error.message })
        return undefined
      }
    },
    async giveBack() {
      try {
        const lease = await read()
        if (lease?.spec?.holderIdentity === me) await write(lease, '')
      } catch (error) {
        log.warn('leadership could not be given back', { lease: leaseName, error: String(error) })
      }
    },
  }
}
