/** Phases of an asynchronous operation; source: pkg/itemoperation/shared.go. */
export type OperationPhase = 'New' | 'InProgress' | 'Completed' | 'Failed'

/** One entry of `restore-<name>-itemoperations.json.gz`. The keys of `resourceIdentifier` are capitalised there. */
export interface RestoreOperation {
  spec: {
    restoreName: string
    restoreUID: string
    /** The registered name of the action. */
    restoreItemAction: string
    /** The target namespace, and the name in the backup. */
    resourceIdentifier: { Group: string; Resource: string; Namespace: string; Name: string }
    operationID: string
  }
  status: {
    phase?: OperationPhase
    error?: string
    nCompleted?: number
    nTotal?: number
    operationUnits?: string
    description?: string
    created?: string
    started?: string
    updated?: string
  }
}
