import { isWait } from '../../contract/look.ts'
import type { Wait } from '../../contract/look.ts'
import type { NotifyOrder } from '../../contract/notify.ts'
import type { RestoreRef } from '../../contract/restore-workflow.ts'
import type { Admission } from '../../core/request/admit-request.ts'
import { admitRequest } from '../../core/request/admit-request.ts'
import { noJournal } from '../../core/request/decide-retry.ts'
import type { Levels } from '../../core/request/levels.ts'
import { faultLine, isProgramFault } from '../../core/program-fault.ts'
import { isPreview } from '../../core/preview/verdict.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { StoreError } from '../../core/port-errors.ts'
import { claimedAnnotation, managedFieldsAnnotation, restoreFinalizer } from '../../velero/labels.ts'
import { isNew } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore, RestoreSpec, RestoreStatus } from '../../velero/restore.ts'
import { gatherAdmissionFacts } from './admission-facts.ts'
import { awaitLocation } from './await-location.ts'
import { withNotice } from './with-notice.ts'
import type { AdmitCarry } from './await-location.ts'
import { changeRestore, recordPhase } from '../frame/restore-resource.ts'
import { claimOf, openLocation, probeBucket } from '../frame/locations.ts'
import type { WorkerParts } from '../frame/session.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { openJournal, shards } from '../frame/journal.ts'
import type { StoredAdmission } from '../frame/journal.ts'
import type { Meter } from '../ports.ts'

/** Which Restore to admit. */
export interface AdmitInput {
  ref: RestoreRef
  /** What the look before has left. */
  carry?: AdmitCarry
  /** The restore is given up: nothing is begun, and a Restore that an earlier attempt has claimed is named. */
  onlyClaimed?: true
}

/** A Restore that Drydock has claimed. */
export interface AdmittedRestore {
  do: 'restore'
  location: string
  /** An earlier run has begun it: the journal holds what is done. */
  resumed: boolean
  startedAt: string
  backup: string
  /** The run, from 2 for a retry. */
  run?: number
  /** What the Restore asks of this run from its beginning; absent where that is nothing. */
  levels?: Levels
  /** All items were restored before: the journal has all of their outcomes, and none is written again. */
  itemsAreThrough?: true
  /** A plan is asked for: nothing is restored. */
  preview?: true
  /** The end is notified; absent where no receiver is set. */
  notify?: NotifyOrder
}

/** Whether there is anything to restore; if not, the phase of the Restore. */
export type AdmitReport =
  | AdmittedRestore
  /** `notify`: it was the admission that ended it, and that is notified. */
  | { do: 'over'; phase: RestorePhase | 'Gone' | 'New'; notify?: NotifyOrder }

/**
 * Validates a Restore and claims it: the result and the spec as validated go into the journal first, then one patch
 * claims it (rule 1). A rerun takes the result from the journal. The spec of a Restore that Velero began was changed by
 * Velero's validation: it is changed back, so that it can be validated again.
 */
export async function claimRestore(
  parts: WorkerParts,
  restore: Restore,
  { ref, carry }: AdmitInput,
): Promise<AdmitReport | Wait> {
  const { cluster, clock, presence } = parts.ports
  const asked = isNew(restore.status?.phase) ? restore : { ...restore, spec: unvalidated(restore.spec) }
  const verdict = await validate(asked, parts)
  const count = (report: AdmitReport) =>
    withNotice(countAdmission(parts.ports.meter, verdict.spec.scheduleName, report), parts.settings, restore)
  if (verdict.do === 'refuse') {
    const found = await awaitLocation(parts, verdict.unavailable, carry)
    if (isWait(found)) return found
    const validationErrors = [...verdict.validationErrors, ...found.problems]
    return count(await refuse(parts, restore, ref, { ...verdict, validationErrors }))
  }
  const location = verdict.location.metadata.name
  const wanted: StoredAdmission = {
    restore: {
      ...ref,
      creationTimestamp: restore.metadata.creationTimestamp ?? rfc3339(clock.now()),
      // Workers with another setting, such as those of another version, must not go on in another mode.
      annotations: { [managedFieldsAnnotation]: parts.settings.managedFields, ...restore.metadata.annotations },
      ...(verdict.api === undefined ? {} : { api: verdict.api }),
    },
    spec: withSchedule(verdict.spec, restore.spec),
    backup: withoutManagedFields(verdict.backup),
    location,
    startedAt: restore.status?.startTimestamp ?? rfc3339(clock.now()),
    ...(parts.settings.actingUser === undefined ? {} : { actingUser: parts.settings.actingUser }),
    ...(verdict.modifiers === undefined ? {} : { modifiers: verdict.modifiers }),
    ...(verdict.policies === undefined ? {} : { policies: verdict.policies }),
  }
  const stored = await storeAdmission(parts, ref, wanted)
  if ('problem' in stored)
    return count(await endUnclaimed(parts, restore, ref, { phase: 'Failed', failureReason: stored.problem }))
  const claim = claimOf(presence.worker, rfc3339(clock.now()), location)
  const claimed = await changeRestore(cluster, ref, (live) =>
    isFree(live, restore) ? claimPatch(live, stored.admission, claim) : undefined,
  )
  const phase = claimed.status?.phase || 'New'
  if (claimed.metadata.annotations?.[claimedAnnotation] === undefined) return { do: 'over', phase }
  await recordPhase(parts.ports, claimed)
  return phase === 'InProgress' ? count(admitted(stored.admission, stored.resumed)) : { do: 'over', phase }
}

/** The rules of admission. What Drydock cannot process is refused, as what is not valid: it does not get better by another try. */
async function validate(asked: Restore, { ports, settings }: WorkerParts): Promise<Admission> {
  try {
    const admission = admitRequest(await gatherAdmissionFacts(ports.cluster, asked, settings))
    for (const note of (admission.do === 'admit' && admission.notes) || [])
      ports.log.warn(note, { restore: asked.metadata.name })
    return admission
  } catch (thrown) {
    if (!isProgramFault(thrown)) throw thrown
    ports.log.error(`a Restore cannot be validated: ${asked.metadata.name}`, { error: thrown.stack })
    const problem = `the Restore, its backup or its location is not as Drydock expects it (${faultLine(thrown)})`
    return { do: 'refuse', validationErrors: [problem], spec: asked.spec }
  }
}

/** Counts an admitted or refused Restore in the metrics, as Velero counts attempts, and returns the report. */
function countAdmission(meter: Meter | undefined, schedule: string | undefined, report: AdmitReport): AdmitReport {
  if (meter === undefined) return report
  switch (report.do) {
    case 'restore':
      if (!report.resumed) meter.restoreAttempted(schedule ?? '')
      return report
    case 'over':
      if (report.phase !== 'FailedValidation' && report.phase !== 'Failed') return report
      meter.restoreAttempted(schedule ?? '')
      meter.restoreEnded(report.phase, schedule ?? '')
      return report
  }
}

/** The spec before Velero's validation, which sets both names where the backup is one of a schedule; only one is valid. */
function unvalidated(spec: RestoreSpec): RestoreSpec {
  if (!spec.backupName || !spec.scheduleName) return spec
  const { scheduleName: _schedule, ...rest } = spec
  return rest
}

function withSchedule(validated: RestoreSpec, asked: RestoreSpec): RestoreSpec {
  return validated.scheduleName || !asked.scheduleName ? validated : { ...validated, scheduleName: asked.scheduleName }
}

/** The one patch of rule 1: claim, finalizer, the spec as validated, phase. */
function claimPatch(live: Restore, admission: StoredAdmission, claim: string): object {
  return {
    metadata: { annotations: { [claimedAnnotation]: claim }, finalizers: withFinalizer(live) },
    spec: admission.spec,
    status: { phase: 'InProgress', startTimestamp: admission.startedAt },
  }
}

/** Whether nobody has begun the Restore since it was read: it is still new, or still as Velero left it in progress. */
function isFree(live: Restore, read: Restore): boolean {
  if (isNew(read.status?.phase)) return isNew(live.status?.phase)
  const claimed = live.metadata.annotations?.[claimedAnnotation] !== undefined
  return !claimed && live.status?.phase === 'InProgress' && !isSweptByVelero(live.status)
}

async function storeAdmission(
  parts: WorkerParts,
  ref: AdmitInput['ref'],
  wanted: StoredAdmission,
): Promise<{ admission: StoredAdmission; resumed: boolean } | { problem: string }> {
  try {
    const store = await openLocation(parts.ports, ref.namespace, wanted.location)
    await probeBucket(parts.ports.stores, store, { ...ref, location: wanted.location })
    const admission = await openJournal(store, ref).writeOnce(shards.admission, wanted)
    return { admission, resumed: JSON.stringify(admission) !== JSON.stringify(wanted) }
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.kind === 'unreachable' || thrown.kind === 'other') throw thrown
    return {
      problem: `${noJournal} to location "${wanted.location}": ${thrown.message}`,
    }
  }
}

/** Refuses a Restore. One that Velero began cannot enter FailedValidation any more: it becomes Failed, with the same texts. */
async function refuse(
  parts: WorkerParts,
  read: Restore,
  ref: AdmitInput['ref'],
  verdict: Extract<Admission, { do: 'refuse' }>,
): Promise<AdmitReport> {
  const { validationErrors, spec } = verdict
  if (!isNew(read.status?.phase)) {
    const failureReason = `not carried on: ${validationErrors.join('; ')}`
    return endUnclaimed(parts, read, ref, { phase: 'Failed', failureReason, validationErrors })
  }
  const refused = await changeRestore(parts.ports.cluster, ref, (live) =>
    isFree(live, read)
      ? {
          metadata: { finalizers: withFinalizer(live) },
          spec,
          status: { phase: 'FailedValidation', validationErrors },
        }
      : undefined,
  )
  if (refused.status?.phase === 'FailedValidation') await recordPhase(parts.ports, refused)
  return { do: 'over', phase: refused.status?.phase || 'New' }
}

/** Ends a Restore that is not claimed: where the journal cannot be written, no object is written (rule 4). */
async function endUnclaimed(
  parts: WorkerParts,
  read: Restore,
  ref: AdmitInput['ref'],
  status: RestoreStatus,
): Promise<AdmitReport> {
  const now = rfc3339(parts.ports.clock.now())
  const ended = await changeRestore(parts.ports.cluster, ref, (live) =>
    isFree(live, read)
      ? {
          metadata: { finalizers: withFinalizer(live) },
          status: { ...status, startTimestamp: live.status?.startTimestamp ?? now, completionTimestamp: now },
        }
      : undefined,
  )
  if (ended.status?.phase === status.phase) await recordPhase(parts.ports, ended)
  return { do: 'over', phase: ended.status?.phase || 'New' }
}

/** The finalizers of a Restore with ours added, unless the Restore is being deleted. */
export function withFinalizer(restore: Restore): string[] {
  const finalizers = restore.metadata.finalizers ?? []
  if (restore.metadata.deletionTimestamp !== undefined || finalizers.includes(restoreFinalizer)) return finalizers
  return [...finalizers, restoreFinalizer]
}

function withoutManagedFields(backup: StoredAdmission['backup']): StoredAdmission['backup'] {
  const { managedFields: _fields, ...metadata } = backup.metadata
  return { ...backup, metadata }
}

/** The report about an admitted restore. */
export function admitted(admission: StoredAdmission, resumed: boolean): AdmittedRestore {
  return {
    do: 'restore',
    location: admission.location,
    resumed,
    startedAt: admission.startedAt,
    backup: admission.spec.backupName ?? '',
    ...(admission.restore.run === undefined ? {} : { run: admission.restore.run }),
    ...(isPreview(admission) ? { preview: true } : {}),
  }
}
