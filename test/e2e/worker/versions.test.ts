import { randomBytes } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { locksWorkflowIdOf } from '../../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import type { Restore } from '../../../velero/restore.ts'
import { activityAttempts } from '../../kit/activity-attempts.ts'
import { holdNamespace, letNamespaceGo } from '../../kit/held-namespace.ts'
import { awaitRestore, clusterIdOf, createRestore } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

/** Begins a restore of two ConfigMaps into a namespace, and waits until it is `InProgress`. */
async function begin(cluster: TestCluster, name: string): Promise<void> {
  const spec = {
    backupName: 'shop',
    includedNamespaces: ['shop'],
    includedResources: ['configmaps'],
    namespaceMapping: { shop: name },
  }
  await createRestore(cluster, { name, spec })
  await awaitRestore(cluster, name, ({ status }) => status?.phase === 'InProgress')
}

/** The names of the workers that ran the activities of a restore, the first one first. */
async function workersOf(cluster: TestCluster, restore: Restore): Promise<string[]> {
  const attempts = await activityAttempts(cluster, restore)
  return [...new Set(attempts.map(({ worker }) => /^drydock-worker-(.+)-[0-9a-f]+$/.exec(worker)?.[1] ?? worker))]
}

describe('two versions of the worker', () => {
  let cluster: TestCluster
  let client: Client
  const deployment = `drydock-${randomBytes(4).toString('hex')}`

  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop'] })
    client = new Client({ connection: await Connection.connect({ address: cluster.temporal.address }) })
  })
  afterAll(() => client.connection.close())

  const version = (buildId: string) =>
    startWorker(cluster, {
      DRYDOCK_WORKER_NAME: `v${buildId}`,
      DRYDOCK_DEPLOYMENT: deployment,
      DRYDOCK_BUILD_ID: buildId,
      DRYDOCK_VERSIONING: 'pinned',
    })

  /** `temporal worker deployment set-current-version`; the server may not have heard of the version yet. */
  const makeCurrent = (buildId: string) =>
    waitUntil(
      () =>
        client.workflowService
          .setWorkerDeploymentCurrentVersion({
            namespace: 'default',
            deploymentName: deployment,
            buildId,
            identity: 't',
          })
          .then(
            () => true,
            () => false,
          ),
      60_000,
      `version ${buildId} to be the current one`,
    )

  /** `temporal workflow update-options --versioning-override-behavior auto_upgrade`. */
  async function followCurrent(name: string): Promise<void> {
    const { metadata } = await awaitRestore(cluster, name, () => true)
    const workflowId = workflowIdOf({ namespace: 'velero', name, uid: metadata.uid ?? '' })
    await client.workflowService.updateWorkflowExecutionOptions({
      namespace: 'default',
      workflowExecution: { workflowId },
      workflowExecutionOptions: { versioningOverride: { autoUpgrade: true } },
      updateMask: { paths: ['versioning_override'] },
    })
  }

  let first: TestWorker

  it('without Worker Versioning: what one has begun another one ends', async () => {
    const old = await startWorker(cluster, { DRYDOCK_WORKER_NAME: 'old' })
    await holdNamespace(cluster, 'handed')
    await begin(cluster, 'handed')
    const next = await startWorker(cluster, { DRYDOCK_WORKER_NAME: 'next' })
    await old.stop()
    await letNamespaceGo(cluster, 'handed')
    const restore = await awaitRestore(cluster, 'handed')
    await next.stop()
    expect(restore.status?.phase).toBe('Completed')
    expect(await workersOf(cluster, restore)).toEqual(['old', 'next'])
  })

  it('with it: what is pinned ends on its version, while the next one serves new restores', async () => {
    first = await version('1')
    await makeCurrent('1')
    for (const name of ['pinned', 'moved']) {
      await holdNamespace(cluster, name)
      await begin(cluster, name)
    }
    await version('2')
    await makeCurrent('2')
    await createRestore(cluster, { name: 'new', spec: { backupName: 'shop', includedResources: ['secrets'] } })
    expect(await workersOf(cluster, await awaitRestore(cluster, 'new'))).toEqual(['v2'])
    await letNamespaceGo(cluster, 'pinned')
    const pinned = await awaitRestore(cluster, 'pinned')
    expect(pinned.status?.phase).toBe('Completed')
    expect(await workersOf(cluster, pinned)).toEqual(['v1'])
  })

  it('with it: the locks continue on the current version', async () => {
    const id = locksWorkflowIdOf({ namespace: 'velero', cluster: await clusterIdOf(cluster) })
    const { raw } = await client.workflow.getHandle(id).describe()
    // 2 is AUTO_UPGRADE.
    expect(raw.workflowExecutionInfo?.versioningInfo?.behavior).toBe(2)
  })

  it('with it: a pinned restore whose version has no worker is let go, and ends on the current one', async () => {
    await first.stop()
    await followCurrent('moved')
    await letNamespaceGo(cluster, 'moved')
    const moved = await awaitRestore(cluster, 'moved')
    expect(moved.status?.phase).toBe('Completed')
    expect(await workersOf(cluster, moved)).toEqual(['v1', 'v2'])
  })
})
