import { join } from 'node:path'
import { makeBucket, openBucket } from '../../devstack/bucket.ts'
import { startCluster } from '../../devstack/cluster.ts'
import { openHome } from '../../devstack/home.ts'
import { startTemporal } from '../../devstack/services/temporal.ts'
import { startVersitygw } from '../../devstack/services/versitygw.ts'
import { startStack } from '../../devstack/stack.ts'
import { startReusedCluster } from '../kit/clusters/reused-cluster.ts'
import type { Ground } from './lane.ts'
import { ownServers } from './servers.ts'

/** Where grounds are made, and for what. */
export interface GroundOptions {
  /** All is in folders of this one. */
  dir: string
  lanes: number
  items: number
  hasVelero: boolean
}

type Own = Pick<Ground, 'items' | 'hasVelero'>

/** Clusters that share etcd, the bucket's server and Temporal. */
export async function sharedGrounds({ dir, lanes, ...own }: GroundOptions): Promise<Ground[]> {
  const stack = await startStack({ dir: join(dir, 'stack'), lean: true, report: (line) => console.error(line) })
  const { s3, temporal, etcd } = stack
  return Promise.all(
    lanesOf(lanes).map(async (prefix): Promise<Ground> => {
      const { cluster } = await startReusedCluster({ dir: join(dir, prefix), etcd, audit: true })
      return { cluster, s3, prefix, temporal, ...own }
    }),
  )
}

/** Clusters each with servers of its own, which may die. */
export async function ownGrounds({ dir, lanes, ...own }: GroundOptions): Promise<Ground[]> {
  return Promise.all(lanesOf(lanes).map((prefix) => ownGround(join(dir, prefix), prefix, own)))
}

async function ownGround(folder: string, prefix: string, own: Own): Promise<Ground> {
  const dir = `${folder}-servers`
  const home = openHome(dir)
  const s3 = await startVersitygw(home)
  const client = openBucket(s3)
  await makeBucket(client, s3.bucket).finally(() => client.destroy())
  const temporal = await startTemporal(home)
  const cluster = await startCluster({ dir: folder, audit: true, lean: true })
  return { cluster, s3, prefix, temporal, servers: ownServers({ cluster, s3, temporal, dir }), ...own }
}

const lanesOf = (count: number) => Array.from({ length: count }, (_, lane) => `lane-${lane + 1}`)
