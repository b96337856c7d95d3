import { describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { readAudit } from '../../kit/audit.ts'
import type { AuditEvent } from '../../kit/audit.ts'
import { craftBackup } from '../../kit/backups/craft-backup.ts'
import { awaitRestore, createRestore } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

/** What the API server was asked during a restore, by the audit log. */
async function requestsOf(cluster: TestCluster, spec: object, phase: string): Promise<AuditEvent[]> {
  const before = readAudit(cluster).length
  await createRestore(cluster, { name: 'counted', spec })
  const { status } = await awaitRestore(cluster, 'counted')
  expect(status?.phase).toBe(phase)
  return readAudit(cluster).slice(before)
}

const about = (events: readonly AuditEvent[], resource: string, verb?: string) =>
  events.filter(
    ({ objectRef, verb: used }) => objectRef?.resource === resource && (verb === undefined || used === verb),
  )

const podsMax = 300

function podWithClaim(index: number): { groupResource: string; manifest: Manifest }[] {
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
    { groupResource: 'persistentvolumeclaims', manifest: claim },
    { groupResource: 'pods', manifest: pod },
  ]
}

describe('requests to the API server', () => {
  it.each([
    ['exact', 2],
    ['owners', 1],
  ])('are, in mode %s, at most %d for a plain new object', async (mode, most) => {
    const cluster = await freshCluster({ backups: ['bulk5k'], audit: true })
    await startWorker(cluster, { DRYDOCK_MANAGED_FIELDS: mode })
    const events = await requestsOf(cluster, { backupName: 'bulk5k', includedResources: ['secrets'] }, 'Completed')
    const secrets = about(events, 'secrets').filter(({ objectRef }) => objectRef?.namespace !== 'velero')
    expect(about(events, 'secrets', 'create').length).toBe(2500)
    expect(secrets.length).toBeLessThanOrEqual(2500 * most)
    expect(about(events, 'namespaces').length).toBeLessThan(10)
  })

  it(`are, for ${podsMax} pods with claims, at most half of Velero's five a pod, and no list for each`, async () => {
    const cluster = await freshCluster({ backups: [], audit: true })
    await startWorker(cluster)
    const items = Array.from({ length: podsMax }, (_, index) => podWithClaim(index)).flat()
    await craftBackup(cluster, 'many', items)
    const events = await requestsOf(cluster, { backupName: 'many' }, 'Completed')
    expect(about(events, 'pods', 'create').length).toBe(podsMax)
    expect(about(events, 'pods').length).toBeLessThanOrEqual(podsMax * 2.5)
    expect(events.filter(({ verb }) => verb === 'list').length).toBeLessThan(podsMax / 4)
  })
})
