import type { Manifest } from '../../velero/manifest.ts'
import type { VeleroApi } from '../../velero/restore.ts'
import { fieldsAt, listAt, objectsAt } from '../values/fields.ts'

/** The CRD of Restores. */
export const restoresCrd = crdNamed('restores.velero.io')
/** The CRD of DownloadRequests. */
export const downloadRequestsCrd = crdNamed('downloadrequests.velero.io')

function crdNamed(name: string) {
  return { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions', name }
}

/** Tells the API by the CRD of Restores: only the next one knows `spec.skipDefaultResourceModifier`. */
export function veleroApiOf(crd: Manifest | undefined): VeleroApi | undefined {
  const isNext = schemasOf(crd).some(
    (schema) => fieldsAt(schema, 'properties', 'spec', 'properties', 'skipDefaultResourceModifier') !== undefined,
  )
  return isNext ? 'next' : undefined
}

/** Whether a DownloadRequest may be told to have failed: v1.18 has no such phase, and its request expires. */
export function servesFailedDownloads(crd: Manifest | undefined): boolean {
  return schemasOf(crd).some((schema) =>
    listAt(schema, 'properties', 'status', 'properties', 'phase', 'enum').includes('Failed'),
  )
}

function schemasOf(crd: Manifest | undefined): unknown[] {
  return objectsAt(crd, 'spec', 'versions').map((version) => fieldsAt(version, 'schema', 'openAPIV3Schema'))
}
