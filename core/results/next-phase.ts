import type { RestorePhase } from '../../velero/phases.ts'

/** The stages of a restore that has begun. */
export type Stage = 'operations' | 'finalizing' | 'done'

const clean: Record<Stage, RestorePhase> = {
  operations: 'WaitingForPluginOperations',
  finalizing: 'Finalizing',
  done: 'Completed',
}

const marred: Record<Stage, RestorePhase> = {
  operations: 'WaitingForPluginOperationsPartiallyFailed',
  finalizing: 'FinalizingPartiallyFailed',
  done: 'PartiallyFailed',
}

/** The phase to show on entering a stage: once an error is known, every later phase says so. Warnings never count. */
export function nextPhase(stage: Stage, errorCount: number): RestorePhase {
  return (errorCount > 0 ? marred : clean)[stage]
}
