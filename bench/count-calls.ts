import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '../devstack/cluster/cluster.ts'
import { openKubeClient } from '../devstack/cluster/kube-client.ts'
import type { FullStack } from '../devstack/stack-types.ts'
import { stopStack } from '../devstack/stop-stack.ts'
import { startWorkerProcess } from '../devstack/processes/worker-process.ts'
import { readAudit } from '../test/kit/audit.ts'
import type { AuditEvent } from '../test/kit/audit.ts'
import { isTerminal } from '../velero/phases.ts'
import type { Restore } from '../velero/restore.ts'
import { fixture } from './fixture.ts'

/** Requests of a restore by the audit log, for one kind of object. */
export interface CallCount {
  what: string
  objects: number
  /** Requests about that kind, by verb: `create 2500, patch 2500`. */
  verbs: string
  perObject: number
}

/** Restores bulk5k in one mode of managed fields and counts what the API server was asked for each Secret and ConfigMap. */
export async function countCalls(stack: FullStack, managedFields: 'exact' | 'owners'): Promise<CallCount[]> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-bench-calls-'))
  try {
    const backups = [fixture('backups/bulk5k')]
    const cluster = await startCluster({ dir, location: { s3: stack.s3 }, backups, audit: true })
    const env = { ...stack.env, KUBECONFIG: cluster.kubeconfig, DRYDOCK_MANAGED_FIELDS: managedFields }
    const worker = await startWorkerProcess({
      env,
      logFile: join(dir, 'worker.log'),
      archiveDir: join(dir, 'archives'),
    })
    try {
      const before = readAudit(cluster).length
      const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
      await restore(client)
      await client.close()
      const asked = readAudit(cluster).slice(before)
      return [
        count(`Secrets, ${managedFields}`, asked, 'secrets', 2500),
        count(`ConfigMaps, ${managedFields}`, asked, 'configmaps', 2501),
        count(`Namespaces, ${managedFields}`, asked, 'namespaces', 1),
      ]
    } finally {
      await worker.stop()
    }
  } finally {
    await stopStack(dir)
    rmSync(dir, { recursive: true, force: true })
  }
}

const path = '/apis/velero.io/v1/namespaces/velero/restores'
const deadlineMs = 10 * 60_000

async function restore(client: ReturnType<typeof openKubeClient>): Promise<void> {
  const metadata = { name: 'calls', namespace: 'velero' }
  await client.must('POST', path, {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata,
    spec: { backupName: 'bulk5k' },
  })
  for (const began = Date.now(); Date.now() - began < deadlineMs;) {
    const { status } = (await client.must('GET', `${path}/calls`)).body as Restore
    if (status?.phase === 'Completed') return
    if (isTerminal(status?.phase)) throw new Error(`the restore ended ${JSON.stringify(status)}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('the restore is not over after 10 minutes')
}

function count(what: string, lines: readonly AuditEvent[], resource: string, objects: number): CallCount {
  const about = lines.filter((line) => line.objectRef?.resource === resource)
  const verbs = [...Map.groupBy(about, (line) => line.verb)].map(([verb, ones]) => `${verb} ${ones.length}`).join(', ')
  return { what, objects, verbs, perObject: about.length / objects }
}
