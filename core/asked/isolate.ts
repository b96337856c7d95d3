import type { Manifest } from '../../velero/manifest.ts'
import { parseApiVersion } from '../../velero/resource.ts'
import { fieldsAt, objectsAt, textAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'

/** What becomes of an item of a restore that takes nothing from outside of its namespaces: as it is, left out, or another one. */
export type Isolated = { do: 'as-is' } | { do: 'omit'; because: string } | { do: 'change'; item: Manifest }

/** Kinds by their group that take a host name, an address or a certificate of a name: all of the group where no kind is named. */
const takersOfNames: Readonly<Record<string, readonly string[]>> = {
  'networking.k8s.io': ['Ingress'],
  extensions: ['Ingress'],
  'route.openshift.io': ['Route'],
  'gateway.networking.k8s.io': [],
  'networking.istio.io': ['Gateway', 'VirtualService'],
  'externaldns.k8s.io': [],
  'traefik.io': ['IngressRoute', 'IngressRouteTCP', 'IngressRouteUDP'],
  'traefik.containo.us': ['IngressRoute', 'IngressRouteTCP', 'IngressRouteUDP'],
  'projectcontour.io': ['HTTPProxy'],
  'cert-manager.io': ['Certificate', 'CertificateRequest'],
  'acme.cert-manager.io': [],
}

/** Annotations by which external-dns gives names. */
const externalDns = 'external-dns.alpha.kubernetes.io/'

/** Fields of a Service that the API server refuses or that are in use elsewhere, once it is of type ClusterIP. */
const outwardFields = [
  'externalName',
  'externalIPs',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'loadBalancerIP',
  'loadBalancerClass',
  'loadBalancerSourceRanges',
  'allocateLoadBalancerNodePorts',
]

/**
 * Decides about an item by the annotation `drydock.io/isolate`: what is restored beside the original must not take its names,
 * addresses and ports, and must not do its scheduled work a second time. What takes names is left out, Services are for the cluster
 * alone, CronJobs and Jobs are suspended, DaemonSets run on no node: their pods share ports and folders of the nodes with the original's.
 * Other workloads whose pods share such things, or a network volume, run on no node either, and such pods are left out.
 */
export function isolated(item: Manifest): Isolated {
  const { group } = parseApiVersion(item.apiVersion)
  const because = whyLeftOut(item, group)
  if (because !== undefined) return { do: 'omit', because }
  const nameless = withoutDnsNames(item)
  const spec = changedSpec(item, group)
  const made = spec === undefined ? nameless : ({ ...nameless, spec } as Manifest)
  return made === item ? { do: 'as-is' } : { do: 'change', item: made }
}

/** Undefined for an item that is restored. */
function whyLeftOut(item: Manifest, group: string): string | undefined {
  const takers = Object.hasOwn(takersOfNames, group) ? takersOfNames[group] : undefined
  if (takers !== undefined && (takers.length === 0 || takers.includes(item.kind)))
    return `a ${item.kind} takes names or addresses, and the restore leaves such objects out`
  if (group !== '' || item.kind !== 'Pod') return undefined
  const owner = standingOwner(item)
  if (owner !== undefined) return `the pod is one of ${owner}, which makes none in this restore`
  const shared = sharedBy(fieldsAt(item, 'spec'))
  if (shared === undefined) return undefined
  return `the pod uses ${shared}, which the original uses too: the restore leaves such pods out`
}

/** The spec that is restored in place of the item's own; undefined where that one stays. */
function changedSpec(item: Manifest, group: string): Fields | undefined {
  const spec = fieldsAt(item, 'spec')
  if (spec === undefined) return undefined
  if (group === '' && item.kind === 'Service') return inwardSpec(spec)
  if (group === '' && item.kind === 'PersistentVolume') return unscrubbed(spec)
  if (group === 'batch' && ['CronJob', 'Job'].includes(item.kind)) return { ...spec, suspend: true }
  const isDaemonSet = group === 'apps' && item.kind === 'DaemonSet'
  const shares = makesPods(group, item.kind) && sharedBy(fieldsAt(spec, 'template', 'spec')) !== undefined
  return isDaemonSet || shares ? onNoNode(spec) : undefined
}

/** With the policy `Recycle` the end of the copy's claim would empty the disk, which is the original's. */
function unscrubbed(spec: Fields): Fields | undefined {
  return spec['persistentVolumeReclaimPolicy'] === 'Recycle'
    ? { ...spec, persistentVolumeReclaimPolicy: 'Retain' }
    : undefined
}

/** Sources of volumes that are the pod's own, or come from objects of its namespace. */
const ownSources = new Set([
  'configMap',
  'secret',
  'emptyDir',
  'projected',
  'downwardAPI',
  'persistentVolumeClaim',
  'ephemeral',
  'image',
])
/** Drivers of inline volumes that only read secrets. */
const secretDrivers = ['secrets-store.csi.k8s.io']

function makesPods(group: string, kind: string): boolean {
  return (
    group === 'apps' ||
    (group === '' && kind === 'ReplicationController') ||
    `${group}/${kind}` === 'argoproj.io/Rollout'
  )
}

/** What a pod shares with the original: a folder or a port of the node, or a volume in the network; undefined where it shares none. */
function sharedBy(pod: Fields | undefined): string | undefined {
  if (pod?.['hostNetwork'] === true) return 'the network of its node'
  for (const list of ['containers', 'initContainers'])
    for (const container of objectsAt(pod, list))
      if (objectsAt(container, 'ports').some(({ hostPort }) => typeof hostPort === 'number' && hostPort > 0))
        return 'a port of its node'
  for (const volume of objectsAt(pod, 'volumes')) {
    if (secretDrivers.includes(textAt(volume, 'csi', 'driver'))) continue
    const source = Object.keys(volume).find((key) => key !== 'name' && !ownSources.has(key))
    if (source !== undefined) return `a volume of type ${source}`
  }
  return undefined
}

/** The owner of a pod that makes no pods in an isolated restore: a Job, a DaemonSet. */
function standingOwner({ metadata }: Manifest): string | undefined {
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'Job' || kind === 'DaemonSet')
  return owner === undefined ? undefined : `${owner.kind} ${owner.name}`
}

/** No node has the label. */
function onNoNode(spec: Fields): Fields {
  const pod = fieldsAt(spec, 'template', 'spec')
  const nodeSelector = { ...fieldsAt(pod, 'nodeSelector'), 'drydock.io/isolated': 'true' }
  return { ...spec, template: { ...fieldsAt(spec, 'template'), spec: { ...pod, nodeSelector } } }
}

function withoutDnsNames(item: Manifest): Manifest {
  const annotations = Object.entries(fieldsAt(item, 'metadata', 'annotations') ?? {})
  const kept = annotations.filter(([name]) => !name.startsWith(externalDns))
  if (kept.length === annotations.length) return item
  return { ...item, metadata: { ...item.metadata, annotations: Object.fromEntries(kept) as Record<string, string> } }
}

/** The spec of a Service that is reached from within the cluster alone. One of type ExternalName becomes a headless one without an address. */
function inwardSpec(spec: Fields): Fields {
  const inward = Object.fromEntries(Object.entries(spec).filter(([name]) => !outwardFields.includes(name)))
  const { ports: _ports, ...rest } = inward
  const ports = objectsAt(spec, 'ports').map(({ nodePort: _nodePort, ...port }) => port)
  return {
    ...rest,
    ...(ports.length > 0 && { ports }),
    type: 'ClusterIP',
    ...(textAt(spec, 'type') === 'ExternalName' && { clusterIP: 'None' }),
  }
}
