import type { GroupResource } from './resource.ts'

/**
 * Resources that no restore writes, in the order Velero appends them to `spec.excludedResources`. Source:
 * pkg/controller/restore_controller.go.
 */
export const nonRestorableResources: readonly GroupResource[] = [
  'nodes',
  'events',
  'events.events.k8s.io',
  'backups.velero.io',
  'restores.velero.io',
  'resticrepositories.velero.io',
  'csinodes.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'backuprepositories.velero.io',
]

/**
 * Restored although the filters for resources, namespaces or labels exclude them (since v1.18.3);
 * `includeClusterResources` still applies.
 */
export const mustHaveResources: readonly GroupResource[] = ['datauploads.velero.io']

/**
 * Restored first, in this order, before the rest of the archive in alphabetical order. Source:
 * pkg/cmd/server/config/config.go.
 */
export const highPriorities: readonly GroupResource[] = [
  'customresourcedefinitions',
  'namespaces',
  'storageclasses',
  'volumesnapshotclass.snapshot.storage.k8s.io',
  'volumesnapshotcontents.snapshot.storage.k8s.io',
  'volumesnapshots.snapshot.storage.k8s.io',
  'datauploads.velero.io',
  'persistentvolumes',
  'persistentvolumeclaims',
  'clusterroles',
  'roles',
  'serviceaccounts',
  'clusterrolebindings',
  'rolebindings',
  'secrets',
  'configmaps',
  'limitranges',
  'priorityclasses',
  'pods',
  'replicasets.apps',
  'clusterclasses.cluster.x-k8s.io',
  'endpoints',
  'services',
]

/** Restored last, in this order. */
export const lowPriorities: readonly GroupResource[] = [
  'clusterbootstraps.run.tanzu.vmware.com',
  'clusters.cluster.x-k8s.io',
  'clusterresourcesets.addons.cluster.x-k8s.io',
  'apps.kappctrl.k14s.io',
  'packageinstalls.packaging.carvel.dev',
]

/** Default of `--default-item-operation-timeout`, in Go's syntax as it stands in the spec. */
export const itemOperationTimeout = '4h0m0s'
/** Default of `--resource-timeout`, in seconds. */
export const resourceTimeoutSeconds = 600
/** Default of `--fs-backup-timeout`, in seconds. */
export const podVolumeTimeoutSeconds = 14_400
/**
 * The `failureReason` that a starting Velero server writes into restores that it finds InProgress; source:
 * pkg/cmd/server/server.go markInProgressRestoresFailed.
 */
export const restartFailureReason =
  'found a restore with status "InProgress" during the server starting, mark it as "Failed"'
/** The version of Velero whose behaviour Drydock reproduces. */
export const veleroVersion = 'v1.18.3'
