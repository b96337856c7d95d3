import { targetNamespaces } from '../../core/locks/decide-grants.ts'
import type { LockRequest } from '../../core/locks/decide-grants.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { journalDamaged } from '../frame/failures.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Sessions } from '../frame/session.ts'
import { shards } from '../frame/stored.ts'

/** What a run of a restore asks for: all namespaces that its plan writes into. */
export async function lockRequestOf(
  sessions: Sessions,
  ref: AdmittedRef,
  run: { workflowId: string; runId: string },
): Promise<LockRequest> {
  const { journal, admission } = await sessions.open(ref)
  const plan = await journal.read<Plan>(shards.plan)
  if (plan === undefined) throw journalDamaged(`the journal of restore ${ref.name} has no plan`)
  return {
    workflowId: run.workflowId,
    runId: run.runId,
    restore: `${ref.namespace}/${ref.name}`,
    createdAt: admission.restore.creationTimestamp,
    uid: ref.uid,
    namespaces: targetNamespaces(plan),
  }
}
