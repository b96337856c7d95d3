import type { StoredAdmission } from '../frame/journal.ts'

/** The Restore as plugins get it: as it was admitted. */
export function pluginRestore({ restore, spec }: StoredAdmission): object {
  const { name, namespace, uid, creationTimestamp, annotations } = restore
  const metadata = { name, namespace, uid, creationTimestamp, ...(annotations === undefined ? {} : { annotations }) }
  return { apiVersion: 'velero.io/v1', kind: 'Restore', metadata, spec, status: { phase: 'InProgress' } }
}
