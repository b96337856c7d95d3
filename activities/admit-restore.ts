import { decideTakeOver } from '../core/request/take-over.ts'
import { veleroControllersOf } from '../core/request/velero-controllers.ts'
import type { Admission } from '../core/request/admit-request.ts'
import { admitRequest } from '../core/request/admit-request.ts'
import { StoreError } from '../core/store-error.ts'
import { claimedAnnotation, restoreFinalizer } from '../velero/labels.ts'
import type { RestorePhase } from '../velero/phases.ts'
import { isNew } from '../velero/phases.ts'
import type { Restore } from '../velero/restore.ts'
import { gatherAdmissionFacts } from './admission-facts.ts'
import { withAttempt } from './attempt.ts'
import { countAdmission } from './count-admission.ts'
import { recordEvent } from './record-event.ts'
import { asFailure, fatal, wrongCluster } from './failures.ts'
import { openJournal } from './journal.ts'
import type { Ports } from './ports.ts'
import { changeRestore, readRestore } from './restore-resource.ts'
import type { Sessions } from './session.ts'
import { openLocation } from './session.ts'
import { rfc3339 } from './set-phase.ts'
import type { Settings } from './settings.ts'
import { shards } from './stored.ts'
import type { StoredAdmission } from './stored.ts'

/** Which Restore to admit. */
export interface AdmitInput {
  ref: { namespace: string; name: string; uid: string; cluster: string }
}

/** A Restore that is ours from now on. */
export interface AdmittedRestore {
  do: 'restore'
  location: string
  /** An earlier run has begun it: its journal holds what is done. */
  resumed: boolean
  startedAt: string
  backup: string
}

/** Whether there is anything to restore. */
export type AdmitReport = AdmittedRestore | { do: 'over'; phase: RestorePhase | 'Gone' | 'New' }

/** What this activity is made of. */
export interface AdmitParts {
  ports: Ports
  sessions: Sessions
  settings: Settings
}

/**
 * Reads the Restore uncached and, where nobody has begun it, validates it and claims it: the verdict and the spec as
 * validated go into the journal first, then one patch claims it (rule 1). A rerun takes the verdict from the journal.
 * Ends without a write where the Restore is gone, another one, or over (rule 2).
 */
export function admitRestore(parts: AdmitParts) {
  return ({ ref }: AdmitInput): Promise<AdmitReport> =>
    withAttempt(parts.ports.presence.worker, async () => {
      const { cluster } = parts.ports
      if (ref.cluster !== cluster.id) throw wrongCluster(ref.cluster, cluster.id)
      try {
        const restore = await readRestore(cluster, ref)
        if (restore === undefined) return { do: 'over', phase: 'Gone' }
        const decision = decideTakeOver(restore, await veleroControllers(parts))
        switch (decision.do) {
          case 'over':
            return { do: 'over', phase: decision.phase }
          case 'leave':
            await recordEvent(parts.ports, restore, {
              type: 'Warning',
              reason: 'NotTaken',
              note: `left alone: ${decision.because}`,
            })
            return { do: 'over', phase: 'New' }
          case 'fail':
            return await failInVelerosWords(parts, ref, decision.reason)
          case 'inherit':
          case 'resume':
            return await resume(parts, restore, ref)
          case 'admit':
            return await admit(parts, restore, ref)
        }
      } catch (thrown) {
        throw asFailure(thrown, `admitting restore ${ref.name}`)
      }
    })
}

/** Whether Velero's own controllers run; a setting overrules what the Deployment says. */
async function veleroControllers({ ports, settings }: AdmitParts): Promise<'on' | 'off'> {
  if (settings.veleroControllers !== 'auto') return settings.veleroControllers
  const deployment = {
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    namespace: settings.veleroNamespace,
    name: 'velero',
  }
  return veleroControllersOf(await ports.cluster.get(deployment))
}

async function failInVelerosWords(parts: AdmitParts, ref: AdmitInput['ref'], reason: string): Promise<AdmitReport> {
  const { cluster, clock } = parts.ports
  await changeRestore(cluster, ref, (live) =>
    live.status?.phase === 'InProgress'
      ? { status: { phase: 'Failed', failureReason: reason, completionTimestamp: rfc3339(clock.now()) } }
      : undefined,
  )
  return { do: 'over', phase: 'Failed' }
}

async function resume(parts: AdmitParts, restore: Restore, ref: AdmitInput['ref']): Promise<AdmitReport> {
  const location = await locationOf(parts, restore)
  const session = await parts.sessions.open({ ...ref, location })
  return admitted(session.admission, true)
}

/** Where the journal of a claimed restore stands: its claim names the location, since the Backup may be gone by now. */
async function locationOf({ ports }: AdmitParts, restore: Restore): Promise<string> {
  const claim = restore.metadata.annotations?.[claimedAnnotation] ?? ''
  const named = /, location (\S+)$/.exec(claim)?.[1]
  if (named !== undefined) return named
  const name = restore.spec.backupName ?? ''
  const backup = await ports.cluster.get({
    group: 'velero.io',
    version: 'v1',
    resource: 'backups',
    namespace: restore.metadata.namespace ?? '',
    name,
  })
  const location = (backup?.['spec'] as { storageLocation?: string } | undefined)?.storageLocation
  if (location === undefined)
    throw fatal(`Backup.velero.io "${name}" not found: the location that holds this restore's journal is not known`)
  return location
}

async function admit(parts: AdmitParts, restore: Restore, ref: AdmitInput['ref']): Promise<AdmitReport> {
  const { cluster, clock } = parts.ports
  const facts = await gatherAdmissionFacts(cluster, restore, parts.settings)
  const verdict = admitRequest(facts)
  const count = (report: AdmitReport) => countAdmission(parts.ports.meter, verdict.spec.scheduleName, report)
  if (verdict.do === 'refuse') return count(await refuse(parts, ref, verdict))
  const location = verdict.location.metadata.name
  const wanted: StoredAdmission = {
    restore: {
      ...ref,
      creationTimestamp: restore.metadata.creationTimestamp ?? rfc3339(clock.now()),
      annotations: restore.metadata.annotations ?? {},
    },
    spec: verdict.spec,
    backup: withoutNoise(verdict.backup),
    location,
    startedAt: rfc3339(clock.now()),
    ...(verdict.modifiers === undefined ? {} : { modifiers: verdict.modifiers }),
    ...(verdict.policies === undefined ? {} : { policies: verdict.policies }),
  }
  const stored = await storeVerdict(parts, ref, wanted)
  if ('problem' in stored) return count(await failBeforeStart(parts, ref, stored.problem))
  const claim = `${parts.ports.presence.worker}, ${rfc3339(clock.now())}, location ${location}`
  const claimed = await changeRestore(cluster, ref, (live) => claimPatch(live, stored.admission, claim))
  return claimed.status?.phase === 'InProgress'
    ? count(admitted(stored.admission, stored.resumed))
    : { do: 'over', phase: claimed.status?.phase || 'New' }
}

/** The one patch of rule 1: claim, finalizer, the spec as validated, phase. It is not made over someone else's phase. */
function claimPatch(live: Restore, admission: StoredAdmission, claim: string): object | undefined {
  const adopted = live.status?.phase === 'InProgress' && live.metadata.annotations?.[claimedAnnotation] === undefined
  if (!isNew(live.status?.phase) && !adopted) return undefined
  return {
    metadata: { annotations: { [claimedAnnotation]: claim }, finalizers: withFinalizer(live) },
    spec: admission.spec,
    status: { phase: 'InProgress', startTimestamp: admission.startedAt },
  }
}

async function storeVerdict(
  parts: AdmitParts,
  ref: AdmitInput['ref'],
  wanted: StoredAdmission,
): Promise<{ admission: StoredAdmission; resumed: boolean } | { problem: string }> {
  try {
    const store = await openLocation(parts.ports, ref.namespace, wanted.location)
    const admission = await openJournal(store, ref).settle(shards.admission, wanted)
    return { admission, resumed: JSON.stringify(admission) !== JSON.stringify(wanted) }
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || thrown.kind === 'unreachable' || thrown.kind === 'other') throw thrown
    return {
      problem: `restore execution failed: the journal cannot be written to location "${wanted.location}": ${thrown.message}`,
    }
  }
}

async function refuse(
  parts: AdmitParts,
  ref: AdmitInput['ref'],
  verdict: Extract<Admission, { do: 'refuse' }>,
): Promise<AdmitReport> {
  await changeRestore(parts.ports.cluster, ref, (live) =>
    isNew(live.status?.phase)
      ? {
          metadata: { finalizers: withFinalizer(live) },
          spec: verdict.spec,
          status: { phase: 'FailedValidation', validationErrors: verdict.validationErrors },
        }
      : undefined,
  )
  return { do: 'over', phase: 'FailedValidation' }
}

/** Rule 4: where the journal cannot be written, the restore fails before an object is. */
async function failBeforeStart(parts: AdmitParts, ref: AdmitInput['ref'], reason: string): Promise<AdmitReport> {
  const now = rfc3339(parts.ports.clock.now())
  await changeRestore(parts.ports.cluster, ref, (live) =>
    isNew(live.status?.phase)
      ? {
          metadata: { finalizers: withFinalizer(live) },
          status: { phase: 'Failed', failureReason: reason, startTimestamp: now, completionTimestamp: now },
        }
      : undefined,
  )
  return { do: 'over', phase: 'Failed' }
}

function admitted(admission: StoredAdmission, resumed: boolean): AdmittedRestore {
  return {
    do: 'restore',
    location: admission.location,
    resumed,
    startedAt: admission.startedAt,
    backup: admission.spec.backupName ?? '',
  }
}

function withFinalizer(restore: Restore): string[] {
  const finalizers = restore.metadata.finalizers ?? []
  if (restore.metadata.deletionTimestamp !== undefined || finalizers.includes(restoreFinalizer)) return finalizers
  return [...finalizers, restoreFinalizer]
}

function withoutNoise(backup: StoredAdmission['backup']): StoredAdmission['backup'] {
  const { managedFields: _fields, ...metadata } = backup.metadata
  return { ...backup, metadata }
}
