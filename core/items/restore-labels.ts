import { backupNameLabel, restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { validLabelValue } from './valid-label-value.ts'

/** The two labels by which users and Velero find what a restore made. */
export function restoreLabels(restore: { name: string; backupName: string }): Record<string, string> {
  return {
    [backupNameLabel]: validLabelValue(restore.backupName),
    [restoreNameLabel]: validLabelValue(restore.name),
  }
}

/** The object with labels added to its own. */
export function withLabels(object: Manifest, labels: Record<string, string>): Manifest {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } }
}
