import type { GroupResource } from '../../velero/resource.ts'

/** Fields that belong to server or controllers, whoever has posted a value; `*` is any one name, a path holds all below it. */
const anyResource: readonly string[] = [
  'metadata/annotations/deployment.kubernetes.io/revision',
  'metadata/annotations/pv.kubernetes.io/*',
  'metadata/annotations/volume.kubernetes.io/*',
  'metadata/annotations/volume.beta.kubernetes.io/*',
  'metadata/annotations/endpoints.kubernetes.io/*',
  'metadata/annotations/control-plane.alpha.kubernetes.io/*',
]

const byResource: Readonly<Record<GroupResource, readonly string[]>> = {
  pods: ['spec/nodeName', 'spec/tolerations', 'spec/priority', 'spec/preemptionPolicy', 'spec/overhead'],
  services: ['spec/clusterIP', 'spec/clusterIPs', 'spec/healthCheckNodePort', 'spec/ports/*/nodePort'],
  persistentvolumeclaims: ['spec/volumeName', 'spec/volumeMode'],
  persistentvolumes: ['spec/claimRef', 'spec/persistentVolumeReclaimPolicy'],
  serviceaccounts: ['secrets', 'imagePullSecrets'],
  secrets: [],
  endpoints: ['subsets', 'metadata/labels'],
  'endpointslices.discovery.k8s.io': ['endpoints', 'ports', 'metadata/labels'],
  'leases.coordination.k8s.io': ['spec'],
  'validatingwebhookconfigurations.admissionregistration.k8s.io': ['webhooks/*/clientConfig/caBundle'],
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': ['webhooks/*/clientConfig/caBundle'],
  'apiservices.apiregistration.k8s.io': ['spec/caBundle'],
  'customresourcedefinitions.apiextensions.k8s.io': ['spec/conversion'],
  'horizontalpodautoscalers.autoscaling': ['metadata/annotations'],
}

/** Whether a field is not the restore's to keep. */
export function isOwnedByOthers(groupResource: GroupResource, path: readonly string[]): boolean {
  return [...anyResource, ...(byResource[groupResource] ?? [])].some((pattern) => holds(pattern, path))
}

/** An annotation's name holds a slash: it counts as one part of the path. */
function holds(pattern: string, path: readonly string[]): boolean {
  const [, prefix, rest] = /^(metadata\/annotations)\/(.*)$/.exec(pattern) ?? []
  if (prefix !== undefined && rest !== undefined) {
    const name = path[0] === 'metadata' && path[1] === 'annotations' ? path[2] : undefined
    if (name === undefined) return false
    return rest.endsWith('*') ? name.startsWith(rest.slice(0, -1)) : name === rest
  }
  const parts = pattern.split('/')
  return parts.length <= path.length && parts.every((part, index) => part === '*' || part === path[index])
}
