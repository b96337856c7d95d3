import type { Outcome } from '../../../core/items/outcome.ts'
import type { OperationStatus } from '../../../core/operations/operations.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { RestoreOperation } from '../../../velero/item-operation.ts'

/** An operation of the data mover, begun at ten o'clock. */
export function anOperation(id: string, status: OperationStatus = {}): RestoreOperation {
  return {
    spec: {
      restoreName: 'r',
      restoreUID: 'u',
      restoreItemAction: 'velero.io/csi-pvc-restorer',
      resourceIdentifier: { Group: '', Resource: 'persistentvolumeclaims', Namespace: 'app', Name: id },
      operationID: id,
    },
    status: { phase: 'New', created: '2026-11-24T10:00:00Z', ...status },
  }
}

export function anOutcome(operation: RestoreOperation): Outcome {
  const key = `persistentvolumeclaims|app|${operation.spec.operationID}`
  return { key, action: 'created', messages: [], operation, at: '2026-11-24T10:00:00Z' }
}

export function aDownload(id: string, status?: Record<string, unknown>): Manifest {
  const labels = { 'velero.io/async-operation-id': id }
  const metadata = { name: `dd-${id}`, namespace: 'velero', labels }
  const kind = { apiVersion: 'velero.io/v2alpha1', kind: 'DataDownload' }
  return { ...kind, metadata, ...(status === undefined ? {} : { status }) }
}
