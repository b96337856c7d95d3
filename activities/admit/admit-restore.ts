import { runOf } from '../../core/request/decide-retry.ts'
import { isWait } from '../../contract/look.ts'
import type { Wait } from '../../contract/look.ts'
import { levelsOf } from '../../core/request/levels.ts'
import type { Levels } from '../../core/request/levels.ts'
import { decideTakeOver } from '../../core/request/take-over.ts'
import { decidePhase, isSweptByVelero } from '../../core/results/restore-status.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { admitted, claimRestore, withFinalizer } from './claim-restore.ts'
import type { AdmitInput, AdmitReport } from './claim-restore.ts'
import type { Ports } from '../ports.ts'
import type { WorkerParts } from '../frame/session.ts'
import { fatal, wrongCluster } from '../frame/failures.ts'
import { claimOf, locationNameOf } from '../frame/locations.ts'
import { changeRestore, readRestore, recordEvent, recordPhase } from '../frame/restore-resource.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { withNotice } from './with-notice.ts'
import { inheritRestore } from './inherit-restore.ts'
import { recordRefusal, recordRun, retryRestore } from './retry-restore.ts'
import { readVeleroControllers } from './admission-facts.ts'

/**
 * Reads the Restore uncached and decides who works on it (rule 1): a new one is validated and claimed, a claimed one
 * continues from its journal, and one that Velero began and left is taken over with the files that Velero wrote. Writes
 * nothing where the Restore is gone, has another uid or has ended (rule 2).
 */
export function admitRestore(parts: WorkerParts) {
  return (input: AdmitInput): Promise<AdmitReport | Wait> => {
    const { ref } = input
    return runActivity(parts.ports.presence, { doing: `admitting restore ${ref.name}` }, async (attempt) => {
      const { cluster } = parts.ports
      if (ref.cluster !== cluster.id) throw wrongCluster(ref.cluster, cluster.id)
      const [restore, controllers] = await Promise.all([
        readRestore(cluster, ref),
        readVeleroControllers(cluster, parts.settings),
      ])
      if (restore === undefined) return { do: 'over', phase: 'Gone' }
      const decision = decideTakeOver(restore, controllers)
      if (input.onlyClaimed === true && decision.do !== 'resume')
        return { do: 'over', phase: restore.status?.phase || 'New' }
      switch (decision.do) {
        case 'over':
          // An earlier attempt may have ended it and died before it recorded the Event.
          if (attempt.number > 1) return await tellAgain(parts, restore, decision.phase)
          return { do: 'over', phase: decision.phase }
        case 'leave':
          await recordEvent(parts.ports, restore, {
            type: 'Warning',
            reason: 'NotTaken',
            note: `left alone: ${decision.because}`,
          })
          return { do: 'over', phase: 'New' }
        case 'fail':
          return await failAsVelero(parts, ref, decision.reason)
        case 'inherit':
          return begun(parts, restore, await inherit(parts, restore, ref))
        case 'retry': {
          // What cancelled the run before is taken off the Restore when this one begins.
          const { cancel: _over, ...levels } = levelsOf(restore)
          return begun(parts, restore, await retryRestore(parts, restore, ref, attempt), levels)
        }
        case 'resume':
          return begun(parts, restore, await resume(parts, restore, ref, attempt))
        case 'admit':
          return begun(parts, restore, await claimRestore(parts, restore, input))
      }
    })
  }
}

/**
 * Tells again what an earlier attempt may have told when it ended the Restore: it may have died before that. A Restore that is
 * claimed was ended by its run, which tells of it.
 */
async function tellAgain(
  { ports, settings }: WorkerParts,
  restore: Restore,
  phase: RestorePhase,
): Promise<AdmitReport> {
  if (await recordRefusal(ports, restore)) return { do: 'over', phase }
  if (restore.metadata.annotations?.[claimedAnnotation] !== undefined) return { do: 'over', phase }
  await recordPhase(ports, restore)
  return withNotice({ do: 'over', phase }, settings, restore)
}

/** Tells the run what stands on the Restore: an earlier run, or Temporal, may have been away when it was written. */
function begun(
  { settings }: WorkerParts,
  restore: Restore,
  report: AdmitReport | Wait,
  levels: Levels = levelsOf(restore),
): AdmitReport | Wait {
  if (isWait(report) || report.do === 'over') return report
  return withNotice(Object.keys(levels).length === 0 ? report : { ...report, levels }, settings, restore)
}

async function failAsVelero(
  { ports, settings }: WorkerParts,
  ref: AdmitInput['ref'],
  reason: string,
): Promise<AdmitReport> {
  const failed = await changeRestore(ports.cluster, ref, (live) =>
    live.status?.phase === 'InProgress' && live.metadata.annotations?.[claimedAnnotation] === undefined
      ? { status: { phase: 'Failed', failureReason: reason, completionTimestamp: rfc3339(ports.clock.now()) } }
      : undefined,
  )
  await recordPhase(ports, failed)
  return withNotice({ do: 'over', phase: failed.status?.phase || 'New' }, settings, failed)
}

/**
 * Continues from the journal, whose location the claim names. If a starting Velero server has marked the Restore as
 * Failed, its phase is put back. An earlier run may have been terminated while its attempts still wrote, so their end is
 * awaited here, once for the whole restore (rule 7).
 */
async function resume(
  parts: WorkerParts,
  restore: Restore,
  ref: AdmitInput['ref'],
  attempt: Attempt,
): Promise<AdmitReport> {
  const { cluster } = parts.ports
  const location = await locationNameOf(cluster, restore)
  if ('missing' in location)
    throw fatal(`${location.missing}: the location that holds this restore's journal is not known`)
  const run = runOf(restore)
  const session = await parts.sessions.open({ ...ref, location: location.name, ...(run === 1 ? {} : { run }) })
  await attempt.fence(`${ref.uid}/`)
  if (isSweptByVelero(restore.status ?? {})) {
    const back = await changeRestore(cluster, ref, (live) => {
      if (!isSweptByVelero(live.status ?? {})) return undefined
      const decision = decidePhase(live.status ?? {}, { phase: 'InProgress' })
      return decision.do === 'set' ? { status: decision.status } : undefined
    })
    await recordPhase(parts.ports, back)
  } else if (attempt.number > 1) {
    // An earlier attempt may have claimed it and died before it recorded the Event.
    if (session.admission.inherited === true) await recordTakeOver(parts.ports, restore)
    else if (session.admission.retry !== undefined) await recordRun(parts.ports, restore, session.admission)
    else await recordPhase(parts.ports, restore)
  }
  const { phase } = restore.status ?? {}
  const itemsAreThrough = phase !== 'InProgress' && phase !== 'Failed'
  return { ...admitted(session.admission, true), ...(itemsAreThrough ? { itemsAreThrough } : {}) }
}

/** Velero left it when its items were restored: its journal is made from Velero's files, then it is claimed in its phase. */
async function inherit(parts: WorkerParts, restore: Restore, ref: AdmitInput['ref']): Promise<AdmitReport> {
  const { ports } = parts
  const inherited = await inheritRestore(parts, restore, ref)
  if ('missing' in inherited) return await endInherited(parts, ref, inherited.missing)
  const { admission } = inherited
  const now = rfc3339(ports.clock.now())
  const claim = claimOf(ports.presence.worker, now, admission.location)
  const claimed = await changeRestore(ports.cluster, ref, (live) =>
    live.metadata.annotations?.[claimedAnnotation] === undefined && live.status?.phase === restore.status?.phase
      ? { metadata: { annotations: { [claimedAnnotation]: claim }, finalizers: withFinalizer(live) } }
      : undefined,
  )
  if (claimed.metadata.annotations?.[claimedAnnotation] === undefined)
    return { do: 'over', phase: claimed.status?.phase || 'New' }
  await recordTakeOver(ports, restore)
  return admitted(admission, true)
}

async function recordTakeOver(ports: Ports, restore: Restore): Promise<void> {
  const note = `taken over in phase ${restore.status?.phase ?? ''} from a Velero server that left it`
  await recordEvent(ports, restore, { type: 'Normal', reason: 'TakenOver', note })
}

/** Ends a restore that cannot be finished, because its backup is gone, as Velero does. */
async function endInherited(
  { ports, settings }: WorkerParts,
  ref: AdmitInput['ref'],
  missing: string,
): Promise<AdmitReport> {
  const ended = await changeRestore(ports.cluster, ref, (live) => {
    const completionTimestamp = rfc3339(ports.clock.now())
    const wanted = {
      phase: 'PartiallyFailed',
      failureReason: `not finalized: ${missing}`,
      completionTimestamp,
    } as const
    const decision = decidePhase(live.status ?? {}, wanted)
    return decision.do === 'set' ? { status: decision.status } : undefined
  })
  await recordPhase(ports, ended)
  return withNotice({ do: 'over', phase: ended.status?.phase || 'New' }, settings, ended)
}
