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

/**
 * The object with labels added to its own. Where one of its own is no text, as a modifier with the value `true` makes it, Velero
 * cannot read any of them and the added ones are all that is left; the API server would refuse the object with it.
 */
export function withLabels(object: Manifest, labels: Record<string, string>): Manifest {
  const own: Record<string, unknown> = object.metadata.labels ?? {}
  const readable = Object.values(own).every((value) => typeof value === 'string')
  return {
    ...object,
    metadata: { ...object.metadata, labels: { ...(readable ? object.metadata.labels : {}), ...labels } },
  }
}
