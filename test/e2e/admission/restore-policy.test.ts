import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { beforeAll, describe, expect, it } from 'vitest'
import { writesInto } from '../../kit/audit.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { ownDir } from '../../kit/run/sweep.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const items = 5
const policy = {
  rules: [
    { user: 'alice', namespaces: ['hers'], from: ['few'] },
    { user: 'bob', namespaces: ['hers'], from: ['other'] },
  ],
}

describe('the policy of a worker', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [], audit: true })
    await putBackup(cluster, manyItems('few', { count: items }))
    await withAdmin(cluster, async (admin) => {
      for (const name of ['hers', 'theirs']) await admin.must('POST', '/api/v1/namespaces', { metadata: { name } })
      // The cluster lets both users write into all namespaces: the policy alone is narrower.
      await admin.must('POST', `${rbac}/clusterroles`, {
        metadata: { name: 'restorer' },
        rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'patch'] }],
      })
      await admin.must('POST', `${rbac}/clusterrolebindings`, {
        metadata: { name: 'restorer' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'restorer' },
        subjects: ['alice', 'bob'].map((name) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name })),
      })
    })
    const file = join(ownDir(), 'policy.yaml')
    writeFileSync(file, stringify(policy))
    await startWorker(cluster, { DRYDOCK_POLICY_FILE: file })
  })

  const restore = (name: string, user: string | undefined, into: string) =>
    createRestore(cluster, {
      name,
      spec: { backupName: 'few', namespaceMapping: { few: into } },
      ...(user === undefined ? {} : { annotations: { 'drydock.io/impersonate-user': user } }),
    })

  it('is held by the cluster and its audit log', async () => {
    await restore('theirs', 'alice', 'theirs')
    const { status: refused } = await awaitRestore(cluster, 'theirs')
    expect(refused).toMatchObject({ phase: 'Failed' })
    expect(refused?.failureReason).toContain(
      `the worker's policy does not let user alice restore configmaps from namespace few into namespace theirs (${items} items, the first is configmaps/theirs/item-0)`,
    )
    await restore('source', 'bob', 'hers')
    const { status: wrongSource } = await awaitRestore(cluster, 'source')
    expect(wrongSource?.failureReason).toContain('does not let user bob restore configmaps from namespace few')
    await restore('nobody', undefined, 'hers')
    await restore('stranger', 'eve', 'hers')
    for (const name of ['nobody', 'stranger']) {
      const { status } = await awaitRestore(cluster, name)
      expect(status).toMatchObject({ phase: 'FailedValidation' })
      expect(status?.validationErrors?.join()).toContain("the worker's policy")
    }
    expect([...writesInto(cluster, 'theirs'), ...writesInto(cluster, 'hers')]).toEqual([])

    await restore('hers', 'alice', 'hers')
    const { status } = await awaitRestore(cluster, 'hers')
    expect((await readResultFiles(cluster, 'hers')).results?.errors).toEqual({})
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: items } })
    const writes = writesInto(cluster, 'hers')
    expect(writes.filter(({ verb }) => verb === 'create')).toHaveLength(items)
    expect([...new Set(writes.map(({ impersonatedUser }) => impersonatedUser?.username))]).toEqual(['alice'])
  })
})
