import { PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBucket } from '../../../devstack/bucket.ts'
import { rfc3339 } from '../../../velero/manifest.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { readAudit } from '../../kit/audit.ts'
import { aPod } from '../../kit/backups/a-pod.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { openDefinition } from '../../kit/backups/open-definition.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { configMap, path, tarball } from '../../kit/backups/tarball.ts'
import { movedClaims, podsWithVolumes } from '../../kit/backups/volume-backups.ts'
import { runClient } from '../../kit/client.ts'
import { openExecFront } from '../../kit/exec-front.ts'
import type { ExecFront } from '../../kit/exec-front.ts'
import { awaitRestore, createRestore, getRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startNodeAgent } from '../../kit/velero/node-agent.ts'
import type { Verdict } from '../../kit/velero/node-agent.ts'
import { createCompletedBackup } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

/** Shorter than it takes an item to be tried again, so that an item without its kind fails soon. */
const env = {
  DRYDOCK_FEATURES: 'EnableCSI',
  DRYDOCK_ITEM_OPERATION_SYNC: '1s',
  DRYDOCK_ITEM_DEADLINE: '3s',
  DRYDOCK_RESOURCE_TIMEOUT: '30s',
}
const many = 50
const orders = ['datadownloads', 'podvolumerestores']
const group = (name: string) => `${name}.kinds.example.com`
const custom = (kind: string, apiVersion: string): Manifest => ({
  apiVersion,
  kind,
  metadata: { name: kind.toLowerCase(), namespace: 'kinds' },
  spec: {},
})
const hooked = {
  'post.hook.restore.velero.io/command': 'true',
  'post.hook.restore.velero.io/wait-timeout': '1s',
}

describe('a retry once the causes are gone', () => {
  let cluster: TestCluster
  let front: ExecFront
  let verdict: Verdict = { fail: 'the disk is full' }
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [], audit: true })
    front = await openExecFront(cluster)
    await startWorker(front.cluster, env)
    await startNodeAgent(cluster, {
      verdict: (order) => (/"(data-1|bad)"/.test(JSON.stringify(order['spec'])) ? verdict : 'complete'),
    })
  })

  /** What the worker has written since of what a restore makes: `create widgets/widget`, each once; orders without their names. */
  const writesSince = (from: number) => {
    const written = readAudit(cluster)
      .slice(from)
      .filter(({ userAgent = '', objectRef }) => userAgent.startsWith('drydock') && objectRef?.subresource !== 'exec')
      .filter(({ verb }) => ['create', 'patch', 'update', 'delete'].includes(verb))
      .map(({ verb, objectRef: { resource = '', name = '' } = {} }) => ({ verb, resource, name }))
      .filter(({ resource }) => !['leases', 'events', 'restores', 'backupstoragelocations'].includes(resource))
    const texts = written.map(({ verb, resource, name }) =>
      orders.includes(resource) ? `${verb} ${resource}` : `${verb} ${resource}/${name}`,
    )
    return [...new Set(texts)].sort()
  }

  it('does what has failed, of whatever kind, and touches nothing else', async () => {
    await withAdmin(cluster, async (admin) => {
      await admin.must('POST', '/apis/apiregistration.k8s.io/v1/apiservices', anApiService)
      await admin.must('POST', '/api/v1/namespaces', { metadata: { name: 'narrow' } })
      const quotas = '/api/v1/namespaces/narrow/resourcequotas'
      const hard = { 'count/configmaps': '0' }
      await admin.must('POST', quotas, { metadata: { name: 'none' }, spec: { hard } })
      const counted = { status: { hard, used: hard } }
      await admin.must('PATCH', `${quotas}/none/status`, counted, 'application/merge-patch+json')
    })
    const moved = movedClaims('kinds', 'kinds', 2)
    const filled = podsWithVolumes(
      'kinds',
      'kinds',
      ['bad', 'good'].map((name) => ({ name, volumes: { files: `${name}-files` } })),
    )
    await putBackup(cluster, {
      name: 'kinds',
      spec: moved.spec ?? {},
      items: [
        ...moved.items,
        ...filled.items,
        ...manyItems('kinds', { count: many }).items,
        ...manyItems('kinds', { count: 1, namespace: 'narrow' }).items,
        [`widgets.${group('missing')}`, custom('Widget', `${group('missing')}/v1`)],
        [`policies.${group('away')}`, custom('Policy', `${group('away')}/v1`)],
        aPod('kinds', 'hooked', { annotations: hooked }),
      ],
      podVolumeBackups: filled.podVolumeBackups ?? [],
    })
    await createRestore(cluster, { name: 'kinds', spec: { backupName: 'kinds' } })
    const first = await awaitRestore(cluster, 'kinds')
    expect(first.status).toMatchObject({ phase: 'PartiallyFailed', errors: 6 })
    const { results } = await readResultFiles(cluster, 'kinds')
    expect(results?.errors).toEqual({
      velero: ['error from restore item operation: the disk is full', 'pod volume restore failed: the disk is full'],
      namespaces: {
        kinds: [
          expect.stringMatching(/^hook <from-annotation> in container app in pod kinds\/hooked not executed: /),
          expect.stringMatching(/^error restoring policies\.away\.\S+: the server is currently unable to handle /),
          expect.stringMatching(/^error restoring widgets\.missing\.\S+: the server could not find the requested /),
        ],
        narrow: [expect.stringMatching(/^error restoring configmaps\/narrow\/item-0: .*exceeded quota: none/)],
      },
    })

    verdict = 'complete'
    await withAdmin(cluster, async (admin) => {
      await admin.must('DELETE', '/api/v1/namespaces/narrow/resourcequotas/none')
      await admin.must('DELETE', `/apis/apiregistration.k8s.io/v1/apiservices/${anApiService.metadata.name}`)
      for (const one of [
        openDefinition({ kind: 'Widget', group: group('missing') }),
        openDefinition({ kind: 'Policy', plural: 'policies', group: group('away') }),
      ])
        await admin.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', one)
      for (const list of [`${group('missing')}/v1/widgets`, `${group('away')}/v1/policies`]) {
        const isServed = async () => (await admin.request('GET', `/apis/${list}`)).status === 200
        await waitUntil(isServed, 30_000, `${list} to be served`)
      }
      // A kubelet tells since when. Without it the hook expires where the worker sees the container more than a second later.
      const running = { startedAt: rfc3339(new Date()) }
      const containerStatuses = [
        { name: 'app', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running } },
      ]
      const status = { phase: 'Running', containerStatuses }
      await admin.must(
        'PATCH',
        '/api/v1/namespaces/kinds/pods/hooked/status',
        { status },
        'application/merge-patch+json',
      )
    })
    const from = readAudit(cluster).length
    const { code } = await runClient(cluster, ['retry', 'kinds', '--wait'])
    const { results: after } = await readResultFiles(cluster, 'kinds')
    expect({ code, after }).toEqual({ code: 0, after: { errors: {}, warnings: {} } })
    const { metadata, status } = (await getRestore(cluster, 'kinds')) ?? first
    expect(metadata.annotations).toMatchObject({ 'drydock.io/run': '2' })
    expect(status).toMatchObject({ phase: 'Completed', progress: first.status?.progress })
    const inTwoWrites = ['persistentvolumeclaims/data-1', 'policies/policy', 'widgets/widget']
    const created = ['configmaps/item-0', ...inTwoWrites, ...orders].map((one) => `create ${one}`)
    expect(writesSince(from)).toEqual([...created, ...inTwoWrites.map((one) => `patch ${one}`)].sort())
    expect(front.sent).toHaveLength(1)
  })

  it('reads an archive that was not in the bucket, or was cut off', async () => {
    const put = async (name: string, body: Buffer) => {
      const s3 = openBucket(cluster.s3)
      const Key = `${cluster.prefix}/backups/${name}/${name}.tar.gz`
      await s3.send(new PutObjectCommand({ Bucket: cluster.s3.bucket, Key, Body: body }))
      s3.destroy()
    }
    const whole = await tarball([1, 2, 3].map((n) => ({ name: path(`c${n}`), text: configMap(`c${n}`) })))
    await put('cut-off', whole.subarray(0, whole.length / 2))
    for (const name of ['cut-off', 'absent']) {
      await createCompletedBackup(cluster, name)
      await createRestore(cluster, { name, spec: { backupName: name, namespaceMapping: { bad: name } } })
    }
    const phases = ['cut-off', 'absent'].map(async (name) => (await awaitRestore(cluster, name)).status?.phase)
    expect(await Promise.all(phases)).toEqual(['PartiallyFailed', 'Failed'])
    const retryOf = async (name: string) => {
      await put(name, whole)
      const { code } = await runClient(cluster, ['retry', name, '--wait'])
      const { resourceList, results } = await readResultFiles(cluster, name)
      return { code, results, made: resourceList?.['v1/ConfigMap']?.length }
    }
    const done = { code: 0, results: { errors: {}, warnings: {} }, made: 3 }
    expect(await Promise.all(['cut-off', 'absent'].map(retryOf))).toEqual([done, done])
  })
})

const anApiService = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: `v1.${group('away')}` },
  spec: {
    group: group('away'),
    version: 'v1',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    insecureSkipTLSVerify: true,
    service: { name: 'api', namespace: 'nowhere', port: 443 },
  },
}
