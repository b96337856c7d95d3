import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import { whenFileIsOver } from './run/clean-up.ts'
import { startCluster } from '../../devstack/cluster.ts'
import type { ClusterOptions } from '../../devstack/cluster.ts'
import type { Cluster, FullStack } from '../../devstack/stack-types.ts'
import { stopStack } from '../../devstack/stop-stack.ts'
import { uploadFolder } from '../../devstack/bucket.ts'
import { ownDir } from './run/sweep.ts'

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
export interface FreshClusterOptions extends Pick<ClusterOptions, 'audit' | 'with' | 'veleroFlags' | 'readonlyUser'> {
  /** Names under test/fixtures/backups. */
  backups?: readonly string[]
}

let clusters = 0

/**
 * Starts a cluster of one's own: another uid of kube-system, so another task queue; an own prefix of the bucket with
 * these backups. It is stopped after the tests of the file.
 */
export async function freshCluster(options: FreshClusterOptions = {}): Promise<TestCluster> {
  const { s3, temporal } = theStack()
  const dir = ownDir()
  const prefix = `own-${process.pid}-${Date.now()}-${++clusters}`
  const { backups = ['shop'], ...rest } = options
  const folders = backups.map((backup) => fixturePath(`backups/${backup}`))
  for (const [index, backup] of backups.entries())
    await uploadFolder(s3, folders[index] ?? '', `${prefix}/backups/${backup}/`)
  whenFileIsOver(async () => {
    await stopStack(dir)
    await rm(dir, { recursive: true, force: true })
  })
  const cluster = await startCluster({ dir, ...rest, location: { s3, prefix }, backups: folders })
  return { ...cluster, s3, prefix, temporal }
}

/** A path under test/fixtures. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}
