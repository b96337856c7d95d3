import { backupNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { sha256Hex, validLabelValue } from '../values/derived-names.ts'

/** The resource whose items are CSI snapshots. */
export const snapshotContents = 'volumesnapshotcontents.snapshot.storage.k8s.io'

/**
 * The snapshot controller's finalizer. Velero keeps the one in the tarball. With it from the beginning, the content stays until the
 * driver has deleted the snapshot, also where it is deleted before the controller has seen it.
 */
const contentFinalizer = 'snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection'

/**
 * The VolumeSnapshotContent by which the CSI driver deletes the snapshot of one of the backup: it is created, with the deletion
 * policy `Delete`, and deleted. Its name is a hash, so that a later attempt finds it (rule 6). Undefined for a content that the
 * backup did not make, and for one without a snapshot.
 * Source: internal/delete/actions/csi/volumesnapshotcontent_action.go.
 */
export function deletingContent(content: Manifest, backup: string): Manifest | undefined {
  const { metadata } = content
  const spec = (content['spec'] ?? {}) as Record<string, unknown>
  const handle = (content['status'] as { snapshotHandle?: string } | undefined)?.snapshotHandle
  if (metadata.labels?.[backupNameLabel] !== validLabelValue(backup) || handle === undefined) return undefined
  const { volumeSnapshotClassName: _class, ...kept } = spec
  const uid = metadata.uid ?? ''
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: {
      name: `vsc-${sha256Hex(['delete', backup, metadata.name, uid, handle].join('|')).slice(0, 32)}`,
      ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      finalizers: [contentFinalizer],
    },
    spec: {
      ...kept,
      deletionPolicy: 'Delete',
      source: { snapshotHandle: handle },
      volumeSnapshotRef: {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        namespace: `ns-${uid}`,
        name: `name-${uid}`,
      },
    },
  }
}
