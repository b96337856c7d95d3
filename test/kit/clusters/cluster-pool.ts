import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { isUp, readState } from '../../../devstack/state.ts'
import type { Cluster } from '../../../devstack/stack-types.ts'
import { noteOf, takePlace } from './pool-places.ts'
import { removeOwn } from '../run/sweep.ts'
import { makeBare, startReusedCluster, type ReusedCluster } from './reused-cluster.ts'

/** A cluster of the pool that is ours until our process ends. */
export interface Borrowed {
  cluster: Cluster
  /** Says that nothing of ours uses it any more. Without that it is stopped instead of lent again. */
  giveBack: () => void
}

/** The pool: a folder, since test files run in several processes, and the etcd in which its clusters are. */
export interface Pool {
  dir: string
  etcd: string
}

/**
 * Borrows a bare cluster from the pool of the test run: one that an earlier test file has given back, made bare again and with an
 * identity of its own, or else a new one. All keep an audit log, so that each suits everyone; it begins anew. A cluster is lent
 * again when the process of its last user has ended, so that nothing of it still writes; one that was not given back, since its
 * file has failed or was killed, is stopped.
 */
export async function borrowCluster(pool: Pool): Promise<Borrowed> {
  mkdirSync(pool.dir, { recursive: true })
  const dir = await takePlace(pool.dir)
  const former = existsSync(noteOf(dir)) ? (JSON.parse(readFileSync(noteOf(dir), 'utf8')) as ReusedCluster) : undefined
  // Until it is given back, it is nobody's.
  rmSync(noteOf(dir), { force: true })
  const reused = (await madeBare(dir, former)) ?? (await startAnew(dir, pool))
  const { cluster } = reused
  if (cluster.auditLog !== undefined) truncateSync(cluster.auditLog)
  return {
    cluster,
    giveBack: () => {
      writeFileSync(`${noteOf(dir)}.new`, JSON.stringify(reused), { mode: 0o600 })
      renameSync(`${noteOf(dir)}.new`, noteOf(dir))
    },
  }
}

/** Undefined where there was none, its server has ended, or it does not become bare. */
async function madeBare(dir: string, former: ReusedCluster | undefined): Promise<ReusedCluster | undefined> {
  const state = former === undefined ? undefined : readState(dir)
  if (former === undefined || state === undefined || !isUp(state)) return undefined
  return makeBare(former, { anew: true }).catch((error: unknown) => {
    console.error(`a cluster of the pool is not used again:`, error)
    return undefined
  })
}

async function startAnew(dir: string, { etcd }: Pool): Promise<ReusedCluster> {
  if (existsSync(dir)) await removeOwn(dir)
  return startReusedCluster({ dir, etcd, audit: true })
}
