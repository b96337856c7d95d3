import { beforeAll, describe, expect, it } from 'vitest'
import type { KubeClient } from '../../../devstack/cluster/kube-client.ts'
import type { Manifest, OwnerReference } from '../../../velero/manifest.ts'
import { valueAt } from '../../../core/values/fields.ts'
import { aPod } from '../../kit/backups/a-pod.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import type { BackedUpItem } from '../../kit/backups/put-backup.ts'
import { holdNamespace, letNamespaceGo } from '../../kit/held-namespace.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { repeat } from '../../kit/clusters/stand-in.ts'
import { patchVelero } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

const ownedBy = (kind: string, name: string, more: object = { controller: true }): OwnerReference => ({
  apiVersion: kind === 'ConfigMap' ? 'v1' : 'apps/v1',
  kind,
  name,
  uid: '5d7b0a57-0000-4000-8000-000000000000',
  ...more,
})

function aWorkload(
  kind: 'Deployment' | 'StatefulSet' | 'ReplicaSet',
  { namespace, name, replicas }: { namespace: string; name: string; replicas: number },
  ownerReferences?: OwnerReference[],
): BackedUpItem {
  const labels = { app: name.split('-')[0] ?? name, ...(kind === 'ReplicaSet' && { 'pod-template-hash': '5d8c' }) }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] } }
  const metadata = { namespace, name, labels, ...(ownerReferences && { ownerReferences }) }
  const set = kind === 'StatefulSet' ? { serviceName: name } : {}
  return [
    `${kind.toLowerCase()}s.apps`,
    { apiVersion: 'apps/v1', kind, metadata, spec: { replicas, selector: { matchLabels: labels }, template, ...set } },
  ]
}

function podOf(namespace: string, name: string, owner: OwnerReference): BackedUpItem {
  const [resource, pod] = aPod(namespace, name, { labels: { app: 'web', 'pod-template-hash': '5d8c' } })
  return [resource, { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } }]
}

function aConfigMap(namespace: string, name: string, ownerReferences?: OwnerReference[]): BackedUpItem {
  const metadata = { namespace, name, ...(ownerReferences && { ownerReferences }) }
  return ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { key: 'value' } }]
}

/** A Deployment with its ReplicaSet and a pod, a StatefulSet, and an item that keeps the restore from its end. */
const shop = (namespace: string, held: string): BackedUpItem[] => [
  aWorkload('Deployment', { namespace, name: 'web', replicas: 3 }),
  aWorkload('ReplicaSet', { namespace, name: 'web-5d8c', replicas: 3 }, [ownedBy('Deployment', 'web')]),
  podOf(namespace, 'web-5d8c-abcde', ownedBy('ReplicaSet', 'web-5d8c')),
  aPod(namespace, 'alone'),
  aWorkload('StatefulSet', { namespace, name: 'db', replicas: 2 }),
  aConfigMap(namespace, 'parent'),
  aConfigMap(namespace, 'child', [ownedBy('ConfigMap', 'parent', { blockOwnerDeletion: true })]),
  aConfigMap(namespace, 'orphan', [ownedBy('ConfigMap', 'elsewhere', {})]),
  aConfigMap(held, 'late'),
]

describe('workloads and owners, with the controllers of Kubernetes', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await freshCluster({ backups: [], with: ['controllerManager'] })
    await startWorker(cluster, { DRYDOCK_RESOURCE_TIMEOUT: '60s' })
    whenFileIsOver(repeat('stand-in of pods', cluster, { round: getPodsReady, pauseMs: 300 }).stop)
  })

  /** What a kubelet says of its pods, for all pods: without it no StatefulSet gets ready. */
  async function getPodsReady(admin: KubeClient): Promise<void> {
    const { body } = await admin.request('GET', '/api/v1/pods')
    for (const { metadata, status } of (body as { items?: Manifest[] }).items ?? []) {
      if (valueAt(status, 'phase') === 'Running') continue
      const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }]
      const running = { status: { phase: 'Running', conditions } }
      const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`
      await admin.request('PATCH', path, running, 'application/merge-patch+json')
    }
  }

  const get = (path: string) =>
    withAdmin(cluster, async (admin) => {
      const { status, body } = await admin.request('GET', path)
      return status === 200 ? (body as Manifest & { items?: Manifest[] }) : undefined
    })
  const replicasOf = async (namespace: string, place: string) =>
    valueAt(await get(`/apis/apps/v1/namespaces/${namespace}/${place}`), 'spec', 'replicas')
  const podsIn = async (namespace: string) =>
    ((await get(`/api/v1/namespaces/${namespace}/pods`))?.items ?? []).map(({ metadata }) => metadata.name).sort()
  const annotate = (name: string, annotations: Record<string, string>) =>
    patchVelero(cluster, 'restores', name, { metadata: { annotations } })

  it('are created with no replicas, and scaled back and linked to their owners once all is restored', async () => {
    await putBackup(cluster, { name: 'still', items: shop('still', 'held') })
    await holdNamespace(cluster, 'held')
    const annotations = { 'drydock.io/replicas': 'scale-back', 'drydock.io/owners': 'relink' }
    await createRestore(cluster, { name: 'still', spec: { backupName: 'still' }, annotations })
    const places = ['deployments/web', 'replicasets/web-5d8c', 'statefulsets/db']
    const seen = () => Promise.all(places.map((place) => replicasOf('still', place)))
    await waitUntil(async () => !(await seen()).includes(undefined), 60_000, 'the workloads')
    // Controllers would make pods within this time.
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(await seen()).toEqual([0, 0, 0])
    expect(await podsIn('still')).toEqual(['alone'])
    await letNamespaceGo(cluster, 'held')
    const { status } = await awaitRestore(cluster, 'still')
    const { results } = await readResultFiles(cluster, 'still')
    expect(results?.warnings.namespaces).toEqual({
      still: [
        'configmaps/still/orphan is not linked to its owner ConfigMap elsewhere, which is not part of this restore',
      ],
    })
    expect(status).toMatchObject({ phase: 'Completed', warnings: 1 })
    expect([await replicasOf('still', 'deployments/web'), await replicasOf('still', 'statefulsets/db')]).toEqual([3, 2])
    const pods = await podsIn('still')
    expect(pods).toHaveLength(6)
    expect(pods).toEqual(expect.arrayContaining(['alone', 'db-0', 'db-1']))
    expect(pods).not.toContain('web-5d8c-abcde')
  })

  it('leave an owner to the garbage collector, which takes away what belongs to it and nothing else', async () => {
    const maps = '/api/v1/namespaces/still/configmaps'
    const parent = await get(`${maps}/parent`)
    const child = await get(`${maps}/child`)
    expect(child?.metadata.ownerReferences).toEqual([
      ownedBy('ConfigMap', 'parent', { uid: parent?.metadata.uid, blockOwnerDeletion: true }),
    ])
    await withAdmin(cluster, (admin) => admin.must('DELETE', `${maps}/parent`))
    await waitUntil(async () => (await get(`${maps}/child`)) === undefined, 60_000, 'ConfigMap child to go')
    expect((await get(`${maps}/orphan`))?.metadata.ownerReferences).toBeUndefined()
  })

  it('are named where a restore is cancelled before they are scaled back, and a retry scales them', async () => {
    await putBackup(cluster, { name: 'cut', items: shop('cut', 'held-too') })
    await holdNamespace(cluster, 'held-too')
    const annotations = { 'drydock.io/replicas': 'scale-back' }
    await createRestore(cluster, { name: 'cut', spec: { backupName: 'cut' }, annotations })
    await waitUntil(async () => (await replicasOf('cut', 'statefulsets/db')) === 0, 60_000, 'StatefulSet db')
    await annotate('cut', { 'drydock.io/cancel': 'enough' })
    await awaitRestore(cluster, 'cut')
    const { results } = await readResultFiles(cluster, 'cut')
    expect(results?.warnings.namespaces?.['cut']).toContain(
      'statefulsets.apps/cut/db stands at zero replicas, and has 2 in the backup: `drydock retry` scales it back',
    )
    await letNamespaceGo(cluster, 'held-too')
    await annotate('cut', { 'drydock.io/retry': 'again' })
    await awaitRestore(cluster, 'cut', ({ status }) => status?.phase === 'Completed')
    expect([await replicasOf('cut', 'deployments/web'), await replicasOf('cut', 'statefulsets/db')]).toEqual([3, 2])
  })

  it('are not restored where the Restore contradicts itself', async () => {
    const hooks = { resources: [{ name: 'warm up', postHooks: [{ exec: { command: ['true'] } }] }] }
    const spec = { backupName: 'cut', hooks, namespaceMapping: { cut: 'never' } }
    await createRestore(cluster, { name: 'never', spec, annotations: { 'drydock.io/replicas': 'zero' } })
    const { status } = await awaitRestore(cluster, 'never')
    expect(status).toMatchObject({ phase: 'FailedValidation' })
    expect(status?.validationErrors?.join()).toContain('so spec.hooks has no pods to run in')
  })
})
