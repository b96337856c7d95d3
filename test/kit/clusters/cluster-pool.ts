import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openHome } from '../../../devstack/home.ts'
import { startEtcd } from '../../../devstack/services/etcd.ts'
import { isUp, readState } from '../../../devstack/state.ts'
import { stopStack } from '../../../devstack/stop-stack.ts'
import type { Cluster } from '../../../devstack/stack-types.ts'
import { leavePlace, noteOf, takeDoor, takePlace } from './pool-places.ts'
import { removeOwn } from '../run/sweep.ts'
import { waitUntil } from '../wait-until.ts'
import { makeBare, startReusedCluster, type ReusedCluster } from './reused-cluster.ts'

/** A cluster of the pool that is ours until we return it, or until our process ends. */
export interface Borrowed {
  cluster: Cluster
  /** Its prefix in etcd. */
  prefix: string
  /** Says that nothing of ours uses it any more: it is lent again. */
  giveBack: () => void
  /** Stops it, since somebody may still write into it. */
  discard: () => Promise<void>
}

/**
 * Borrows a bare cluster from the pool of the test run: one that an earlier test file has given back, made bare again and with an
 * identity of its own, or else a new one. All keep an audit log, so that each suits everyone; it begins anew. The next test file of
 * the same process may be its next user. One whose file has failed is discarded, and one whose process was killed is stopped by
 * who takes its place.
 */
export async function borrowCluster(pool: string): Promise<Borrowed> {
  mkdirSync(pool, { recursive: true })
  const dir = await takePlace(pool)
  const former = existsSync(noteOf(dir)) ? (JSON.parse(readFileSync(noteOf(dir), 'utf8')) as ReusedCluster) : undefined
  // Until it is given back, it is nobody's.
  rmSync(noteOf(dir), { force: true })
  const discard = async (): Promise<void> => {
    await stopStack(dir, { keepFiles: true })
    leavePlace(dir)
  }
  const reused = (await madeBare(dir, former)) ?? (await startAnew(dir, pool).catch(discarding(discard)))
  const { cluster } = reused
  if (cluster.auditLog !== undefined) truncateSync(cluster.auditLog)
  return {
    cluster,
    prefix: reused.prefix,
    giveBack: () => {
      writeFileSync(`${noteOf(dir)}.new`, JSON.stringify(reused), { mode: 0o600 })
      // One that nobody uses stands still, since an idle API server uses a hundredth of a processor and more.
      signalServers(cluster, 'SIGSTOP')
      renameSync(`${noteOf(dir)}.new`, noteOf(dir))
      leavePlace(dir)
    },
    discard,
  }
}

/** Discards, and fails as before. */
function discarding(discard: () => Promise<void>): (error: unknown) => Promise<never> {
  return async (error) => {
    await discard()
    throw error
  }
}

/** Undefined where there was none, its server has ended, or it does not become bare. */
async function madeBare(dir: string, former: ReusedCluster | undefined): Promise<ReusedCluster | undefined> {
  const state = former === undefined ? undefined : readState(dir)
  if (former === undefined || state === undefined || !isUp(state)) return undefined
  signalServers(former.cluster, 'SIGCONT')
  return makeBare(former, { anew: true }).catch((error: unknown) => {
    console.error(`a cluster of the pool is not used again:`, error)
    return undefined
  })
}

/** Says in which etcd the clusters of a pool are to be. Without that, the first one to borrow starts one. */
export function noteEtcd(pool: string, address: string): void {
  writeFileSync(join(pool, 'etcd-address'), address)
}

async function etcdOf(pool: string): Promise<string> {
  const note = join(pool, 'etcd-address')
  if (!existsSync(note) && takeDoor(join(pool, 'etcd'))) noteEtcd(pool, await startEtcd(openHome(join(pool, 'etcd'))))
  await waitUntil(() => existsSync(note) && readFileSync(note, 'utf8') !== '', 60_000, 'the etcd of the pool')
  return readFileSync(note, 'utf8')
}

function signalServers({ pids }: Cluster, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of Object.values(pids)) process.kill(pid, signal)
}

async function startAnew(dir: string, pool: string): Promise<ReusedCluster> {
  if (existsSync(dir)) await removeOwn(dir)
  return startReusedCluster({ dir, etcd: await etcdOf(pool), audit: true })
}
