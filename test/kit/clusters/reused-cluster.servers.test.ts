import { expect, it } from 'vitest'
import { openHome } from '../../../devstack/home.ts'
import { startEtcd } from '../../../devstack/services/etcd.ts'
import type { Cluster } from '../../../devstack/stack-types.ts'
import { openKubeClient } from '../../../devstack/cluster/kube-client.ts'
import { whenFileIsOver } from '../run/clean-up.ts'
import { ownDir, removeOwn } from '../run/sweep.ts'
import { makeBare, startReusedCluster } from './reused-cluster.ts'

const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const definition = {
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}

it('a cluster that is made bare holds nothing of its last user, has what it took away, and is another cluster', async () => {
  const [etcdDir, dir] = [ownDir(), ownDir()]
  for (const one of [etcdDir, dir]) whenFileIsOver(() => removeOwn(one))
  const reused = await startReusedCluster({ dir, etcd: await startEtcd(openHome(etcdDir)), audit: false })
  const client = clientOf(reused.cluster)
  const uid = async () => {
    const { body } = await client.must('GET', '/api/v1/namespaces/kube-system')
    return (body as { metadata: { uid: string } }).metadata.uid
  }
  try {
    const before = await uid()
    await client.must('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } })
    await client.must('POST', '/api/v1/namespaces/shop/configmaps', {
      metadata: { name: 'one', finalizers: ['a.b/c'] },
    })
    await client.must('POST', crd, definition)
    await client.must('DELETE', `${crd}/downloadrequests.velero.io`)
    await client.must('DELETE', '/api/v1/namespaces/shop')
    await makeBare(reused, { anew: true })
    expect((await client.request('GET', '/api/v1/namespaces/shop')).status).toBe(404)
    expect((await client.request('GET', '/api/v1/namespaces/shop/configmaps/one')).status).toBe(404)
    expect((await client.request('GET', '/apis/example.com/v1/things')).status).toBe(404)
    expect((await client.request('GET', '/apis/velero.io/v1/downloadrequests')).status).toBe(200)
    expect(await uid()).not.toBe(before)
  } finally {
    await client.close()
  }
})

const clientOf = ({ kubeUrl, kubeCa, tokens }: Cluster) =>
  openKubeClient({ url: kubeUrl, ca: kubeCa, token: tokens.admin })
