import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'
import { readAudit } from '../../kit/audit.ts'
import type { AuditEvent } from '../../kit/audit.ts'
import { many, manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await freshCluster({ backups: [], audit: true })
  await putBackup(cluster, manyItems('secrets', { kind: 'Secret' }))
})

/** What the API server was asked during a restore by a worker of its own, by the audit log. */
async function requestsOf(name: string, spec: RestoreSpec, env: Record<string, string> = {}): Promise<AuditEvent[]> {
  const worker = await startWorker(cluster, env)
  const before = readAudit(cluster).length
  await createRestore(cluster, { name, spec })
  const { status } = await awaitRestore(cluster, name)
  const events = readAudit(cluster).slice(before)
  expect(await worker.stop()).toBe(0)
  expect(status?.phase).toBe('Completed')
  return events
}

const about = (events: readonly AuditEvent[], resource: string, verb?: string) =>
  events.filter(
    ({ objectRef, verb: used }) => objectRef?.resource === resource && (verb === undefined || used === verb),
  )

function podWithClaim(index: number): (readonly [string, Manifest])[] {
  const name = `p${index}`
  const owners = (kind: string) => [
    {
      manager: kind,
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': {} },
      time: '2026-01-01T00:00:00Z',
    },
  ]
  const claim: Manifest = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'many', managedFields: owners('kubectl') },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } },
  }
  const pod: Manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'many', managedFields: owners('kubectl') },
    spec: {
      containers: [{ name: 'c', image: 'registry.example.com/c:1', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: name } }],
    },
    status: { phase: 'Running' },
  }
  return [
    ['persistentvolumeclaims', claim],
    ['pods', pod],
  ]
}

describe('requests to the API server', () => {
  it.each([
    ['exact', 2],
    ['owners', 1],
  ])('are, in mode %s, at most %d for a plain new object', async (mode, most) => {
    const spec = { backupName: 'secrets', namespaceMapping: { secrets: mode } }
    const events = await requestsOf(mode, spec, { DRYDOCK_MANAGED_FIELDS: mode })
    const secrets = about(events, 'secrets').filter(({ objectRef }) => objectRef?.namespace !== 'velero')
    expect(about(events, 'secrets', 'create').length).toBe(many)
    expect(secrets.length).toBeLessThanOrEqual(many * most)
    expect(about(events, 'namespaces').length).toBeLessThan(10)
  })

  it(`are, for ${many} pods with claims, at most half of Velero's five a pod, and no list for each`, async () => {
    const items = Array.from({ length: many }, (_, index) => podWithClaim(index)).flat()
    await putBackup(cluster, { name: 'pods', items })
    const events = await requestsOf('pods', { backupName: 'pods' })
    expect(about(events, 'pods', 'create').length).toBe(many)
    expect(about(events, 'pods').length).toBeLessThanOrEqual(many * 2.5)
    expect(events.filter(({ verb }) => verb === 'list').length).toBeLessThan(many / 4)
  })
})
