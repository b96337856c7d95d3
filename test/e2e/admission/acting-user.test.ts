import { beforeAll, describe, expect, it } from 'vitest'
import { writesInto } from '../../kit/audit.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const items = 5

describe('a restore that is made as a user of the cluster', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [], audit: true })
    await putBackup(cluster, manyItems('few', { count: items }))
    await withAdmin(cluster, async (admin) => {
      for (const name of ['hers', 'theirs']) await admin.must('POST', '/api/v1/namespaces', { metadata: { name } })
      await admin.must('POST', `${rbac}/namespaces/hers/roles`, {
        metadata: { name: 'restorer' },
        rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'patch'] }],
      })
      await admin.must('POST', `${rbac}/namespaces/hers/rolebindings`, {
        metadata: { name: 'restorer' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'restorer' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'shopkeepers' }],
      })
    })
    await startWorker(cluster)
  })

  const restoreInto = (namespace: string) =>
    createRestore(cluster, {
      name: namespace,
      spec: { backupName: 'few', namespaceMapping: { few: namespace } },
      annotations: { 'drydock.io/impersonate-user': 'alice', 'drydock.io/impersonate-groups': 'shopkeepers' },
    })

  it('has that user in the audit log for each of its writes', async () => {
    await restoreInto('hers')
    const { status } = await awaitRestore(cluster, 'hers')
    expect((await readResultFiles(cluster, 'hers')).results?.errors).toEqual({})
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: items } })
    const writes = writesInto(cluster, 'hers')
    expect(writes.filter(({ verb }) => verb === 'create')).toHaveLength(items)
    expect([...new Set(writes.map(({ impersonatedUser }) => impersonatedUser?.username))]).toEqual(['alice'])
    expect(writes[0]?.impersonatedUser?.groups).toContain('shopkeepers')
  })

  it('ends before it writes anything where the user has no right to an item, and names it', async () => {
    await restoreInto('theirs')
    const { status } = await awaitRestore(cluster, 'theirs')
    expect(status).toMatchObject({ phase: 'Failed' })
    expect(status?.failureReason).toContain(
      `user alice may not create configmaps in namespace theirs (${items} items, the first is configmaps/theirs/item-0)`,
    )
    expect(writesInto(cluster, 'theirs')).toEqual([])
  })
})
