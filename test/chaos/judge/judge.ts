import { runOf } from '../../../core/request/decide-retry.ts'
import { isTerminal } from '../../../velero/phases.ts'
import { readAudit } from '../../kit/audit.ts'
import { differencesBeside, takeLostHooks } from '../../sim/compare.ts'
import { createdTwice, lateWrites, writesWithoutLease } from './audit-checks.ts'
import { readEnd, unexplained } from './read-end.ts'
import { ofAnyRun } from './end-state.ts'
import type { ChaosEnd } from './end-state.ts'
import type { ChaosRun } from '../run.ts'

/** What is wrong with a restore, each in a line; nothing where it came to the end of an undisturbed one. */
export async function judge(run: ChaosRun, undisturbed: ChaosEnd): Promise<string[]> {
  const { restore, name, endedAtMs } = run
  if (endedAtMs === undefined) return [`it does not end: it stands at ${JSON.stringify(restore.status)}`]
  const { phase } = restore.status ?? {}
  if (!isTerminal(phase)) return [`its phase is ${phase} after it was over`]
  const events = readAudit(run.lane.cluster, run.auditFrom)
  const isAmongOthers = run.isAmongOthers
  const ofLog = [
    ...createdTwice(events),
    ...lateWrites(events, { name, seenAtMs: endedAtMs, isAmongOthers }),
    ...writesWithoutLease(events),
  ]
  const end = await readEnd(run)
  const twice = Object.entries(end.ran).filter(([, times]) => times > 1)
  const always = [...ofLog, ...twice.map(([what]) => `sent twice: ${what}`)]
  if (phase === 'Failed') return [...always, ...ifFailed(run)]
  return [...always, ...(await unexplained(run)), ...comparison(run, end, undisturbed)]
}

/** Where a cancelled restore stops is left to chance, so of its end only the reason is looked at. */
function ifFailed({ restore, disturbances }: ChaosRun): string[] {
  const { failureReason = '' } = restore.status ?? {}
  const isCancelled = disturbances.some((one) => one.kind === 'user' && one.event !== 'pause')
  if (!isCancelled) return [`it failed: ${failureReason}`]
  if (runOf(restore) > 1) return [`it was retried, and failed: ${failureReason}`]
  return failureReason.startsWith('cancelled: ') ? [] : [`it was cancelled, and failed: ${failureReason}`]
}

/** A hook whose worker was lost while it ran is an error that says so (rule 12), and its command may not have run. */
function comparison({ restore }: ChaosRun, end: ChaosEnd, undisturbed: ChaosEnd): string[] {
  const part = runOf(restore) > 1 ? ofAnyRun : (one: ChaosEnd) => structuredClone(one)
  const actual = part(end)
  const lost = takeLostHooks(actual)
  return differencesBeside(lost, actual, part(undisturbed))
}
