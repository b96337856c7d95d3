/** Builders for tests of admission. */
import { admitRequest, type Admission } from '../../../core/request/admit-request.ts'
import { type AdmissionFacts } from '../../../core/request/admission-facts.ts'
import type { Backup, BackupStorageLocation } from '../../../velero/backup.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { RestoreSpec } from '../../../velero/restore.ts'

export const location: BackupStorageLocation = {
  apiVersion: 'velero.io/v1',
  kind: 'BackupStorageLocation',
  metadata: { name: 'default' },
  spec: { provider: 'aws' },
  status: { phase: 'Available' },
}

export function aBackup(name: string, status: Backup['status'] = { phase: 'Completed' }, schedule?: string): Backup {
  const labels = schedule === undefined ? {} : { labels: { 'velero.io/schedule-name': schedule } }
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name, ...labels },
    spec: { storageLocation: 'default' },
    status,
  }
}

export function aConfigMap(text: string): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'velero', name: 'cm' }, data: { any: text } }
}

export function admit(spec: RestoreSpec, facts: Partial<AdmissionFacts> = {}): Admission {
  return admitRequest({
    restore: { namespace: 'velero', name: 'r' },
    spec,
    backup: aBackup('b'),
    location,
    defaultItemOperationTimeout: '4h0m0s',
    ...facts,
  })
}

export function errorsOf(spec: RestoreSpec, facts: Partial<AdmissionFacts> = {}): string[] {
  const admission = admit({ backupName: 'b', ...spec }, facts)
  return admission.do === 'refuse' ? admission.validationErrors : []
}
