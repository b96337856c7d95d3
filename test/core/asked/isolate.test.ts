import { describe, expect, it } from 'vitest'
import { isolated } from '../../../core/asked/isolate.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const object = (
  apiVersion: string,
  kind: string,
  more: object = {},
  annotations?: Record<string, string>,
): Manifest => ({
  apiVersion,
  kind,
  metadata: { name: 'web', namespace: 'shop', ...(annotations && { annotations }) },
  ...more,
})
const specOf = (item: Manifest): unknown => {
  const made = isolated(item)
  return made.do === 'change' ? made.item['spec'] : made
}

describe('an item of a restore that takes nothing from outside', () => {
  it.each([
    ['networking.k8s.io/v1', 'Ingress'],
    ['route.openshift.io/v1', 'Route'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute'],
    ['cert-manager.io/v1', 'Certificate'],
  ])('is left out where it takes names: %s %s', (apiVersion, kind) => {
    expect(isolated(object(apiVersion, kind, { spec: {} }))).toMatchObject({
      do: 'omit',
      because: expect.stringContaining(`a ${kind} takes names`),
    })
  })

  it.each([
    ['v1', 'ConfigMap'],
    ['networking.k8s.io/v1', 'NetworkPolicy'],
    ['cert-manager.io/v1', 'Issuer'],
    ['serving.knative.dev/v1', 'Service'],
  ])('is as it was where it takes none: %s %s', (apiVersion, kind) => {
    expect(isolated(object(apiVersion, kind, { spec: { type: 'LoadBalancer' } }))).toEqual({ do: 'as-is' })
  })

  it('is a PersistentVolume that is not emptied with its claim: the original has the same disk', () => {
    const volume = (persistentVolumeReclaimPolicy: string) =>
      specOf(object('v1', 'PersistentVolume', { spec: { persistentVolumeReclaimPolicy } }))
    expect(volume('Recycle')).toEqual({ persistentVolumeReclaimPolicy: 'Retain' })
    expect(volume('Delete')).toEqual({ do: 'as-is' })
  })

  it('is a Service for the cluster alone, without node ports and addresses', () => {
    const spec = {
      type: 'LoadBalancer',
      selector: { app: 'web' },
      ports: [{ port: 80, nodePort: 30080 }],
      loadBalancerIP: '1.2.3.4',
      loadBalancerClass: 'c',
      loadBalancerSourceRanges: ['10.0.0.0/8'],
      allocateLoadBalancerNodePorts: true,
      externalIPs: ['1.2.3.4'],
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30081,
    }
    expect(specOf(object('v1', 'Service', { spec }))).toEqual({
      type: 'ClusterIP',
      selector: { app: 'web' },
      ports: [{ port: 80 }],
    })
  })

  it('is a headless Service without a name outside where it had one', () => {
    const spec = { type: 'ExternalName', externalName: 'db.example.com' }
    expect(specOf(object('v1', 'Service', { spec }))).toEqual({ type: 'ClusterIP', clusterIP: 'None' })
  })

  it.each(['CronJob', 'Job'])('does no scheduled work: %s', (kind) => {
    expect(specOf(object('batch/v1', kind, { spec: { parallelism: 1 } }))).toEqual({ parallelism: 1, suspend: true })
  })

  it('is a DaemonSet that runs on no node, and none of its pods', () => {
    const spec = { template: { spec: { nodeSelector: { disk: 'ssd' }, containers: [] } } }
    expect(specOf(object('apps/v1', 'DaemonSet', { spec }))).toEqual({
      template: { spec: { nodeSelector: { disk: 'ssd', 'drydock.io/isolated': 'true' }, containers: [] } },
    })
    const pod = object('v1', 'Pod', { spec: {} })
    const owned = (kind: string): Manifest => ({
      ...pod,
      metadata: { ...pod.metadata, ownerReferences: [{ apiVersion: 'x', kind, name: 'o', uid: 'u' }] },
    })
    expect(isolated(owned('DaemonSet'))).toMatchObject({ do: 'omit', because: expect.stringContaining('DaemonSet o') })
    expect(isolated(owned('Job'))).toMatchObject({ do: 'omit' })
    expect(isolated(owned('ReplicaSet'))).toEqual({ do: 'as-is' })
  })

  it.each([
    ['a volume of type hostPath', { volumes: [{ name: 'd', hostPath: { path: '/data' } }] }],
    ['a volume of type nfs', { volumes: [{ name: 'd', nfs: { server: 's', path: '/' } }] }],
    ['a volume of type csi', { volumes: [{ name: 'd', csi: { driver: 'nfs.csi.k8s.io' } }] }],
    ['a port of its node', { initContainers: [{ name: 'i', ports: [{ containerPort: 1, hostPort: 1 }] }] }],
    ['the network of its node', { hostNetwork: true }],
  ])('does not run where its pods use %s', (words, pod) => {
    expect(isolated(object('v1', 'Pod', { spec: pod }))).toMatchObject({
      do: 'omit',
      because: expect.stringContaining(words),
    })
    const stopped = { template: { spec: { ...pod, nodeSelector: { 'drydock.io/isolated': 'true' } } } }
    expect(specOf(object('apps/v1', 'Deployment', { spec: { template: { spec: pod } } }))).toEqual(stopped)
    expect(specOf(object('v1', 'ReplicationController', { spec: { template: { spec: pod } } }))).toEqual(stopped)
  })

  it('runs where the volumes of its pods are its own', () => {
    const volumes = [
      { name: 'a', configMap: { name: 'c' } },
      { name: 'b', persistentVolumeClaim: { claimName: 'p' } },
      { name: 'c', csi: { driver: 'secrets-store.csi.k8s.io' } },
      { name: 'd' },
    ]
    const spec = { template: { spec: { volumes, containers: [{ name: 'w', ports: [{ containerPort: 80 }] }] } } }
    expect(isolated(object('apps/v1', 'StatefulSet', { spec }))).toEqual({ do: 'as-is' })
    expect(isolated(object('v1', 'Pod', { spec: spec.template.spec }))).toEqual({ do: 'as-is' })
  })

  it('has no annotation of external-dns', () => {
    const annotations = { 'external-dns.alpha.kubernetes.io/hostname': 'shop.example.com', owner: 'a' }
    const made = isolated(object('v1', 'Pod', {}, annotations))
    expect(made.do === 'change' && made.item.metadata.annotations).toEqual({ owner: 'a' })
  })

  it('is not changed a second time', () => {
    const made = isolated(
      object('v1', 'Service', { spec: { type: 'NodePort', ports: [{ port: 1, nodePort: 30001 }] } }),
    )
    expect(made.do === 'change' && isolated(made.item)).toEqual(made)
  })
})
