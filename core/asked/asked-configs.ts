import type { Manifest } from '../../velero/manifest.ts'
import type { Asked } from './annotations.ts'

/**
 * What people ask for by annotations of one Restore, as the ConfigMaps that Velero's actions read: they stand in the place of those
 * in the cluster. By the names of the actions.
 */
export function askedConfigs({ storageClasses, images }: Asked, namespace: string): Record<string, Manifest[]> {
  const configMap = (name: string, data: Record<string, string>): Manifest[] => [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data },
  ]
  // The action takes its rules in the order of their keys.
  const rows = (images ?? []).map(([from, to], index) => [String(index).padStart(4, '0'), `${from},${to}`] as const)
  return {
    ...(storageClasses && {
      'velero.io/change-storage-class': configMap('asked-storage-classes', { ...storageClasses }),
    }),
    ...(images && { 'velero.io/change-image-name': configMap('asked-images', Object.fromEntries(rows)) }),
  }
}
