import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'
import { readAudit } from '../../kit/audit.ts'
import type { AuditEvent } from '../../kit/audit.ts'
import { many, manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, getRestore, listKeys, readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await freshCluster({ backups: [], audit: true })
  await putBackup(cluster, manyItems('secrets', { kind: 'Secret' }))
})

/** What the API server was asked during a restore that ends `Completed`, by the audit log. */
async function requestsOf(name: string, spec: RestoreSpec): Promise<AuditEvent[]> {
  const before = readAudit(cluster).length
  await createRestore(cluster, { name, spec })
  const { status } = await awaitRestore(cluster, name)
  expect(status?.phase).toBe('Completed')
  // The server asks itself about its own namespaces each minute.
  return readAudit(cluster)
    .slice(before)
    .filter(({ userAgent = '' }) => !userAgent.startsWith('kube-apiserver/'))
}

/** Restores many Secrets into a namespace, and expects at most so many requests for each. */
async function expectRequests(namespace: string, most: number): Promise<void> {
  const events = await requestsOf(namespace, { backupName: 'secrets', namespaceMapping: { secrets: namespace } })
  const secrets = about(events, 'secrets').filter(({ objectRef }) => objectRef?.namespace !== 'velero')
  expect(about(events, 'secrets', 'create').length).toBe(many)
  expect(secrets.length).toBeLessThanOrEqual(many * most)
  // While items are under way the worker reads this one, to see how fast the API server answers.
  const namespaces = about(events, 'namespaces').filter(({ objectRef }) => objectRef?.name !== 'kube-system')
  expect(namespaces.length).toBeLessThan(10)
}

const about = (events: readonly AuditEvent[], resource: string, verb?: string) =>
  events.filter(
    ({ objectRef, verb: used }) => objectRef?.resource === resource && (verb === undefined || used === verb),
  )

const pods = 100

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

describe('a restore by a worker on the real stack', () => {
  let worker: TestWorker
  beforeAll(async () => {
    worker = await startWorker(cluster)
  })

  it('asks the API server once for a plain new object', () => expectRequests('plain', 1))

  it('ends Completed with all items, five files, and no warning', async () => {
    const { status } = (await getRestore(cluster, 'plain')) ?? {}
    expect(status).toMatchObject({
      phase: 'Completed',
      progress: { itemsRestored: many + 1, totalItems: many + 1 },
    })
    expect(status?.warnings).toBeUndefined()
    expect(status?.errors).toBeUndefined()
    const files = await readResultFiles(cluster, 'plain')
    expect(files.results).toEqual({ errors: {}, warnings: {} })
    expect(Object.values(files.resourceList ?? {}).flat()).toHaveLength(many + 1)
    expect(files.itemOperations).toEqual([])
    expect(files.volumeInfo).toEqual([])
    expect(files.log).toContain('restore=velero/plain')
  })

  it('keeps its journal under the restore, where Velero deletes it with the rest', async () => {
    const { metadata } = (await getRestore(cluster, 'plain')) ?? {}
    const keys = await listKeys(cluster, 'restores/plain/')
    expect(keys).toContain(`restores/plain/drydock/${metadata?.uid}/admission.json.gz`)
    expect(keys).toContain(`restores/plain/drydock/${metadata?.uid}/plan.json.gz`)
  })

  it(`asks, for ${pods} pods with claims, at most half of Velero's five a pod, and no list for each`, async () => {
    const items = Array.from({ length: pods }, (_, index) => podWithClaim(index)).flat()
    await putBackup(cluster, { name: 'pods', items })
    const events = await requestsOf('pods', { backupName: 'pods' })
    expect(about(events, 'pods', 'create').length).toBe(pods)
    expect(about(events, 'pods').length).toBeLessThanOrEqual(pods * 2.5)
    expect(events.filter(({ verb }) => verb === 'list').length).toBeLessThan(pods)
  })

  it('asks, in mode exact, at most twice for a plain new object', async () => {
    expect(await worker.stop()).toBe(0)
    await startWorker(cluster, { DRYDOCK_MANAGED_FIELDS: 'exact' })
    await expectRequests('exact', 2)
  })
})
