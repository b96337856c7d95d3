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
 * Whether this action of Velero would have passed the item through a Go struct. That adds `creationTimestamp: null`, so
 * Velero never finds the object equal to the one in the cluster. We never write the addition itself. But we keep that
 * Velero calls such objects different, since its warnings and lists say so (docs/velero-parity.md, "Item actions").
 * Source: the built-in actions in pkg/restore/actions.
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
