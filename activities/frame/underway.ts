import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { runOf } from '../../core/request/decide-retry.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import { isNew, isTerminal } from '../../velero/phases.ts'
import type { Cluster } from '../ports.ts'
import { fatal, gone } from './failures.ts'
import { readRestore } from './restore-resource.ts'

/**
 * Makes sure, before something is written into the cluster for a restore, that it is under way: its Restore is claimed, is
 * in this run and has not ended (rule 1). A journal alone gives no right to write: whoever may start workflows could have
 * the one of an old restore restored again. Throws `RestoreGone` where the Restore was deleted, `RestoreFailed` otherwise.
 */
export async function assertUnderway(cluster: Cluster, ref: AdmittedRef): Promise<void> {
  const restore = await readRestore(cluster, ref)
  if (restore === undefined) throw gone(`Restore ${ref.namespace}/${ref.name} with uid ${ref.uid} is no more`)
  const { status = {}, metadata } = restore
  const refused = (why: string) => fatal(`nothing is written for Restore ${ref.namespace}/${ref.name}: ${why}`)
  if (metadata.annotations?.[claimedAnnotation] === undefined || isNew(status.phase)) throw refused('it is not claimed')
  if (isTerminal(status.phase) && !isSweptByVelero(status)) throw refused(`it is ${status.phase}`)
  if (runOf(restore) !== (ref.run ?? 1)) throw refused(`it is in run ${runOf(restore)}, not in run ${ref.run ?? 1}`)
}
