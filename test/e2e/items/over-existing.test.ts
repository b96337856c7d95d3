import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { auditLength, readAudit } from '../../kit/audit.ts'
import { many, manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

describe('a restore over many objects that exist', () => {
  const path = '/api/v1/namespaces/many/configmaps'
  const itemsInFlight = 8
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await freshCluster({ audit: true })
    await putBackup(cluster, manyItems('many'))
    await startWorker(cluster, { DRYDOCK_ITEMS_IN_FLIGHT: String(itemsInFlight) })
    await restored('first', {})
  })

  async function restored(name: string, spec: object): Promise<void> {
    await createRestore(cluster, { name, spec: { backupName: 'many', ...spec } })
    expect((await awaitRestore(cluster, name)).status?.phase).toBe('Completed')
  }

  /** The worker's requests about the objects during a restore, by verb. */
  async function askedDuring(restore: () => Promise<void>): Promise<Record<string, number>> {
    const from = auditLength(cluster)
    await restore()
    const asked = readAudit(cluster, from).filter(
      ({ userAgent, objectRef }) =>
        userAgent === 'drydock' && objectRef?.namespace === 'many' && objectRef.resource === 'configmaps',
    )
    const counts: Record<string, number> = {}
    for (const { verb } of asked) counts[verb] = (counts[verb] ?? 0) + 1
    return counts
  }

  const values = () =>
    withAdmin(cluster, async (admin) => {
      const { body } = await admin.must('GET', path)
      const items = (body as { items: Manifest[] }).items.filter(({ metadata }) => metadata.name.startsWith('item-'))
      return items.map(({ metadata, data }) => [metadata.labels?.['velero.io/restore-name'], data] as const)
    })

  it('lists them, and patches each that differs', async () => {
    await withAdmin(cluster, async (admin) => {
      for (let index = 0; index < many; index++)
        await admin.must('PATCH', `${path}/item-${index}`, { data: { key: 'changed' } }, 'application/merge-patch+json')
    })
    const asked = await askedDuring(() => restored('update', { existingResourcePolicy: 'update' }))
    expect(await values()).toEqual(Array.from({ length: many }, () => ['update', { key: 'value' }]))
    expect(asked).toMatchObject({ patch: many })
    // What is on its way when the first create is refused is created and read.
    expect(asked['create']).toBeLessThanOrEqual(itemsInFlight)
    expect(asked['get']).toBeLessThanOrEqual(itemsInFlight)
    expect(asked['list']).toBeLessThan(many / 20)
  })

  it('creates those that are missing among them', async () => {
    const missing = Array.from({ length: 30 }, (_, index) => `item-${index * 10}`)
    await withAdmin(cluster, async (admin) => {
      for (const name of missing) await admin.must('DELETE', `${path}/${name}`)
    })
    const asked = await askedDuring(() => restored('again', {}))
    expect(await values()).toHaveLength(many)
    expect(asked['create']).toBeLessThanOrEqual(missing.length + itemsInFlight)
    expect(asked['get']).toBeLessThanOrEqual(itemsInFlight)
  })
})
