import type { Manifest } from '../../velero/manifest.ts'
import type { RestoreSpec } from '../../velero/restore.ts'

/** Actions of Velero that always pass the item through a Go struct. */
const always: ReadonlySet<string> = new Set([
  'velero.io/init-restore-hook',
  'velero.io/job',
  'velero.io/pod',
  'velero.io/pod-volume-restore',
  'velero.io/pvc',
  'velero.io/service',
  'velero.io/service-account',
  'velero.io/csi-volumesnapshot-restorer',
  'velero.io/csi-volumesnapshotcontent-restorer',
])

/**
 * Whether this action of Velero would have passed the item through a Go struct, which adds `creationTimestamp: null`
 * and makes the object unequal to whatever stands in the cluster (velero-item-restore.md §3 and §11, quirk 9). The
 * noise itself is never written; that Velero calls such objects different is kept, since warnings and lists tell so.
 */
export function convertsThroughStruct(action: string, item: Manifest, spec: RestoreSpec): boolean {
  if (always.has(action)) return true
  switch (action) {
    case 'velero.io/cluster-role-bindings':
    case 'velero.io/role-bindings':
      return Object.keys(spec.namespaceMapping ?? {}).length > 0
    case 'velero.io/crd-preserve-fields':
      return item.apiVersion === 'apiextensions.k8s.io/v1'
    case 'velero.io/secret':
      return item['type'] === 'kubernetes.io/service-account-token'
    default:
      return false
  }
}
