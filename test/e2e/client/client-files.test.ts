import { beforeAll, describe, expect, it } from 'vitest'
import { runClient } from '../../kit/client.ts'
import { awaitRestore, createRestore, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

describe('result files for whoever may not read the Secret of the location', () => {
  let cluster: TestCluster
  const client = (...argv: string[]) => runClient(cluster, argv)
  const asReader = (...argv: string[]) => client(...argv, '--context', 'drydock-readonly')

  beforeAll(async () => {
    cluster = await freshCluster({ readonlyUser: true })
    await startWorker(cluster)
    await createRestore(cluster, { name: 'to-read', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
    await awaitRestore(cluster, 'to-read')
  })

  it('are told of in one line that names the Secret where no download may be asked for', async () => {
    const { code, err } = await asReader('logs', 'to-read')
    expect(code).not.toBe(0)
    expect(err).toMatch(/^.*secrets .* is forbidden.*\n$/)
  })

  it('are downloaded where one may, and no request is left behind', async () => {
    const requests = '/apis/velero.io/v1/namespaces/velero/downloadrequests'
    await withAdmin(cluster, async (admin) => {
      const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/velero'
      const rules = [{ apiGroups: ['velero.io'], resources: ['downloadrequests'], verbs: ['create', 'delete'] }]
      await admin.must('POST', `${rbac}/roles`, { metadata: { name: 'download' }, rules })
      await admin.must('POST', `${rbac}/rolebindings`, {
        metadata: { name: 'download' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'download' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'drydock-readonly' }],
      })
    })
    const { code, out, err } = await asReader('logs', 'to-read')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toBe((await client('logs', 'to-read')).out)
    const { body } = await withAdmin(cluster, (admin) => admin.must('GET', requests))
    expect((body as { items: unknown[] }).items).toEqual([])
  })
})
