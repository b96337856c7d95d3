/**
 * The phases of a Restore; source: pkg/apis/velero/v1/restore_types.go. A new Restore has the phase `''`; Velero never
 * writes `New`.
 */
export const restorePhases = [
  'New',
  'FailedValidation',
  'InProgress',
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
  'Finalizing',
  'FinalizingPartiallyFailed',
  'Completed',
  'PartiallyFailed',
  'Failed',
] as const

/** One of the ten phases of a Restore. */
export type RestorePhase = (typeof restorePhases)[number]

const terminal: ReadonlySet<string> = new Set(['FailedValidation', 'Completed', 'PartiallyFailed', 'Failed'])

/** Whether a restore in this phase is over. */
export function isTerminal(phase: string | undefined): boolean {
  return phase !== undefined && terminal.has(phase)
}

/** Whether no controller has begun a restore in this phase. */
export function isNew(phase: string | undefined): boolean {
  return phase === undefined || phase === '' || phase === 'New'
}
