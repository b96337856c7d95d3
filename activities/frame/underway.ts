import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { whyNotUnderway } from '../../core/request/why-not-underway.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Cluster } from '../ports.ts'
import { fatal, gone, runOver } from './failures.ts'
import { readRestore } from './restore-resource.ts'

/** What an activity may do beyond what others may. */
export interface UnderwayOptions {
  /** Its run was reset, for instance in the Web UI: where the restore is over, the run ends without a change. */
  isReset?: boolean
  /** It may follow the end: of a failed restore, whose results are stored late, or of any, of which it takes something away. */
  after?: 'failure' | 'end' | undefined
}

/**
 * Reads the Restore before something is written for it, and makes sure that its run is under way (rule 1). A journal alone
 * gives no right to write: whoever may start workflows could have the one of an old restore restored again. Throws
 * `RestoreGone` where the Restore was deleted, `RunOver` where a run was reset that is over, `RestoreFailed` otherwise.
 */
export async function assertUnderway(
  cluster: Cluster,
  ref: AdmittedRef,
  options: UnderwayOptions = {},
): Promise<Restore> {
  const restore = await readIfUnderway(cluster, ref, options)
  if (restore === undefined) throw gone(`Restore ${ref.namespace}/${ref.name} with uid ${ref.uid} is no more`)
  return restore
}

/**
 * The same for what takes away: a Restore that is gone, or that somebody has ended, needs nothing that it has left, but one
 * in another run does. Returns undefined where it is gone.
 */
export async function readIfUnderway(
  cluster: Cluster,
  ref: AdmittedRef,
  { isReset = false, after }: UnderwayOptions = {},
): Promise<Restore | undefined> {
  const restore = await readRestore(cluster, ref)
  const found = restore === undefined ? undefined : whyNotUnderway(restore, ref.run ?? 1, { after })
  if (found === undefined) return restore
  const name = `Restore ${ref.namespace}/${ref.name}`
  if (isReset && found.over)
    throw runOver(`this run was reset, but ${name} ${found.why}`, restore?.status?.phase || 'New')
  throw fatal(`nothing is written for ${name}: it ${found.why}`)
}
