import { isTerminal } from '../../velero/phases.ts'
import { readAudit } from '../kit/audit.ts'
import { differencesBeside, takeLostHooks } from '../sim/compare.ts'
import { createdTwice, lateWrites, writesWithoutLease } from './audit-checks.ts'
import { readEnd, unexplained } from './read-end.ts'
import type { ChaosEnd } from './end-state.ts'
import type { ChaosRun } from './run.ts'

/** What is wrong with a restore, each in a line; nothing where it came to the end of an undisturbed one. */
export async function judge(run: ChaosRun, undisturbed: ChaosEnd): Promise<string[]> {
  const { restore, name, endedAtMs, begunAtMs } = run
  if (endedAtMs === undefined) return [`it does not end: it stands at ${JSON.stringify(restore.status)}`]
  const { phase, failureReason } = restore.status ?? {}
  if (!isTerminal(phase)) return [`its phase is ${phase} after it was over`]
  const from = new Date(begunAtMs).toISOString()
  const events = readAudit(run.lane.cluster).filter((event) => event.requestReceivedTimestamp >= from)
  const ofLog = [...createdTwice(events), ...lateWrites(events, name, endedAtMs), ...writesWithoutLease(events)]
  const end = await readEnd(run)
  const ofEnd = phase === 'Failed' ? [`it failed: ${failureReason}`] : comparison(end, undisturbed)
  const twice = Object.entries(end.ran).filter(([, times]) => times > 1)
  return [...ofLog, ...twice.map(([what]) => `sent twice: ${what}`), ...(await unexplained(run)), ...ofEnd]
}

/** A hook whose worker was lost while it ran is an error that says so (rule 12), and its command may not have run. */
function comparison(end: ChaosEnd, undisturbed: ChaosEnd): string[] {
  const actual = structuredClone(end)
  const lost = takeLostHooks(actual)
  return differencesBeside(lost, actual, undisturbed)
}
