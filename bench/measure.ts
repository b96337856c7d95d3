import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startCluster } from '../devstack/cluster.ts'
import type { ClusterOptions } from '../devstack/cluster.ts'
import { openKubeClient } from '../devstack/cluster/kube-client.ts'
import { startWorkerProcess } from '../devstack/processes/worker-process.ts'
import type { Cluster, ClusterAddress, FullStack } from '../devstack/stack-types.ts'
import { stopStack } from '../devstack/stop-stack.ts'
import { isTerminal } from '../velero/phases.ts'
import type { Restore } from '../velero/restore.ts'

/** One restore, measured from the creation of the Restore to its terminal phase. */
export interface Measurement {
  name: string
  seconds: number
  items: number
}

/** How the owners of fields are restored: see `DRYDOCK_MANAGED_FIELDS` in docs/settings.md. */
export type ManagedFields = 'exact' | 'owners'

const backups = [fileURLToPath(new URL('../test/fixtures/backups/bulk5k', import.meta.url))]
const deadlineMs = 15 * 60_000
const path = '/apis/velero.io/v1/namespaces/velero/restores'

/** Restores bulk5k with the real Velero server into a new cluster. */
export function measureVelero(stack: FullStack, options: { name: string; flags: string[] }): Promise<Measurement> {
  return withCluster(stack, { with: ['velero'], veleroFlags: options.flags }, (cluster) =>
    measureRestore(cluster, options.name),
  )
}

/** Restores bulk5k with a new worker into a new cluster. */
export function measureDrydock(stack: FullStack, managedFields: ManagedFields): Promise<Measurement> {
  return withWorker(stack, managedFields, {}, (cluster) =>
    measureRestore(cluster, `Drydock, managed fields ${managedFields}`),
  )
}

/** Runs `use` with a new cluster and a worker for it, and stops both. */
export function withWorker<T>(
  stack: FullStack,
  managedFields: ManagedFields,
  options: Partial<ClusterOptions>,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  return withCluster(stack, options, async (cluster) => {
    const worker = await startWorkerProcess({
      env: { ...stack.env, KUBECONFIG: cluster.kubeconfig, DRYDOCK_MANAGED_FIELDS: managedFields },
      logFile: join(cluster.dir, 'worker.log'),
      archiveDir: join(cluster.dir, 'archives'),
    })
    try {
      return await use(cluster)
    } finally {
      await worker.stop()
    }
  })
}

async function withCluster<T>(
  stack: FullStack,
  options: Partial<ClusterOptions>,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-bench-cluster-'))
  try {
    return await use(await startCluster({ dir, location: { s3: stack.s3 }, backups, ...options }))
  } finally {
    await stopStack(dir)
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Restores bulk5k in a cluster where a worker or a Velero server runs. Throws unless the restore ends `Completed`. */
export async function measureRestore(cluster: ClusterAddress, name: string): Promise<Measurement> {
  const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  try {
    const restoreName = `bench-${Date.now()}`
    const began = performance.now()
    await client.must('POST', path, {
      apiVersion: 'velero.io/v1',
      kind: 'Restore',
      metadata: { name: restoreName, namespace: 'velero' },
      spec: { backupName: 'bulk5k' },
    })
    for (;;) {
      const restore = (await client.must('GET', `${path}/${restoreName}`)).body as Restore
      const seconds = (performance.now() - began) / 1000
      if (isTerminal(restore.status?.phase)) {
        if (restore.status?.phase !== 'Completed')
          throw new Error(`${name}: the restore ended ${JSON.stringify(restore.status)}`)
        return { name, seconds, items: restore.status.progress?.itemsRestored ?? 0 }
      }
      if (seconds * 1000 > deadlineMs)
        throw new Error(`${name}: the restore has not ended after ${deadlineMs / 60_000} minutes`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  } finally {
    await client.close()
  }
}
