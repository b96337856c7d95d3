import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import { whenFileIsOver } from './run/clean-up.ts'
import { addBackups, addReadonlyUser } from '../../devstack/cluster/cluster-setup.ts'
import { startCluster } from '../../devstack/cluster.ts'
import type { ClusterOptions } from '../../devstack/cluster.ts'
import { withClient } from '../../devstack/with-client.ts'
import type { Cluster, ExtraService, FullStack } from '../../devstack/stack-types.ts'
import { uploadFolder } from '../../devstack/bucket.ts'
import { keepEvidence } from './secrets/evidence.ts'
import { borrowCluster } from './clusters/cluster-pool.ts'
import { ownDir, removeOwn } from './run/sweep.ts'

/** A cluster under test, with the bucket and the Temporal server of the run. */
export interface TestCluster extends Cluster {
  s3: FullStack['s3']
  /** The prefix of its backup location in the bucket, without slashes at the ends; empty for the first cluster. */
  prefix: string
  temporal: FullStack['temporal']
}

/** The stack of this test run, with its first cluster. Everyone shares it: use own names, and `freshCluster` to be alone. */
export function theStack(): FullStack & TestCluster {
  return { ...inject('stack'), prefix: '' }
}

/** What a cluster of one's own may have. */
export interface FreshClusterOptions extends Pick<ClusterOptions, 'with' | 'readonlyUser'> {
  /** Names under test/fixtures/backups. */
  backups?: readonly string[]
  /** All but those with other services keep an audit log; this says that the file reads it. */
  audit?: boolean
}

let clusters = 0

/**
 * A cluster of one's own until the test file is over: another uid of kube-system, so another task queue; an own prefix of the
 * bucket with these backups. It is one of the pool, made bare, unless services run beside it.
 */
export async function freshCluster(options: FreshClusterOptions = {}): Promise<TestCluster> {
  const { s3, temporal } = theStack()
  const prefix = `own-${process.pid}-${Date.now()}-${++clusters}`
  const { backups = ['shop'], readonlyUser = false } = options
  const folders = backups.map((backup) => fixturePath(`backups/${backup}`))
  for (const [index, backup] of backups.entries())
    await uploadFolder(s3, folders[index] ?? '', `${prefix}/backups/${backup}/`)
  const cluster = options.with === undefined ? await bareCluster() : await clusterWith(options.with, prefix)
  await withClient(cluster, async (client) => {
    await addBackups(client, { namespace: cluster.veleroNamespace, location: { s3, prefix }, backups: folders })
    if (readonlyUser) await addReadonlyUser(client)
  })
  return { ...cluster, s3, prefix, temporal }
}

/** A bare cluster of one's own, without location and backups, until the test file is over. */
export async function bareCluster(): Promise<Cluster> {
  const { cluster, giveBack, discard } = await borrowCluster(inject('clusters'))
  whenFileIsOver(({ hasPassed }) => (hasPassed ? giveBack() : discard()))
  whenFileIsOver(() => keepEvents(cluster))
  return cluster
}

/** The Events of a cluster, as far as its API server still answers. */
export async function keepEvents(cluster: Cluster): Promise<void> {
  await withClient(cluster, async (client) => {
    const { body } = await client.request('GET', '/apis/events.k8s.io/v1/events')
    keepEvidence('events', JSON.stringify(body))
  }).catch(() => undefined)
}

async function clusterWith(services: readonly ExtraService[], prefix: string): Promise<Cluster> {
  const dir = ownDir()
  whenFileIsOver(() => removeOwn(dir))
  const etcd = { address: theStack().etcd, prefix: `/${prefix}` }
  const cluster = await startCluster({ dir, with: services, lean: true, etcd })
  whenFileIsOver(() => keepEvents(cluster))
  return cluster
}

/** A path under test/fixtures. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}
