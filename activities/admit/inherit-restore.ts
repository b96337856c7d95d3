import { userFaults } from '../../core/asked/annotations.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import { error } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { inheritedOutcomes, parseEntry } from '../../core/request/inherited-outcomes.ts'
import type { VeleroFiles } from '../../core/request/inherited-outcomes.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import { restoreNameLabel } from '../../velero/labels.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import type { Restore } from '../../velero/restore.ts'
import { failureTypeOf, failureTypes } from '../frame/failures.ts'
import { gatherFacts } from '../plan/gather-facts.ts'
import { inFlight } from '../frame/in-flight.ts'
import { openJournal, outcomesShard } from '../frame/journal.ts'
import type { Cluster, Ports } from '../ports.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Session } from '../frame/session.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import type { Settings } from '../settings.ts'
import { shards } from '../frame/journal.ts'
import type { StoredAdmission, StoredFacts } from '../frame/journal.ts'
import { readVeleroFiles } from './velero-files.ts'

const claimsAtOnce = 16
/** The finalization needs only facts about volumes. */
const factKinds = new Set(['pods', 'persistentvolumeclaims', 'persistentvolumes'])

/**
 * Makes the journal of a restore that Velero has begun and left: outcomes are read from Velero's result files, once, and
 * the plan is empty, since the items are restored. All of it is stored before the restore is claimed, so that our own
 * result files are never read as Velero's. Returns what is missing where backup or location are gone, or why
 * it may not be made as its user.
 */
export async function inheritRestore(
  { ports, settings }: { ports: Ports; settings: Settings },
  restore: Restore,
  ref: Omit<AdmittedRef, 'location'>,
): Promise<{ admission: StoredAdmission } | { missing: string }> {
  const { cluster } = ports
  // Nobody has validated whom it names, and its phase may be of anybody's making.
  const [fault] = userFaults(restore.metadata.annotations, settings)
  if (fault !== undefined) return { missing: fault }
  const get = <T>(resource: string, name: string) =>
    cluster.get({ group: 'velero.io', version: 'v1', resource, namespace: ref.namespace, name }) as Promise<
      T | undefined
    >
  const backupName = restore.spec.backupName ?? ''
  const backup = backupName === '' ? undefined : await get<Backup>('backups', backupName)
  if (backup === undefined) return { missing: `Backup.velero.io "${backupName}" not found` }
  const location = backup.spec.storageLocation ?? ''
  const found = location === '' ? undefined : await get<BackupStorageLocation>('backupstoragelocations', location)
  if (found === undefined) return { missing: `BackupStorageLocation.velero.io "${location}" not found` }
  const store = await ports.stores.open(found)
  const inherited = inheritedAdmission(restore, backup, { ref, location, now: rfc3339(ports.clock.now()) })
  const { actingUser } = settings
  const admission = { ...inherited, ...(actingUser === undefined ? {} : { actingUser }) }
  const session: Session = { ref: { ...ref, location }, store, journal: openJournal(store, ref), admission }
  await storeOutcomes(session, restore, ports)
  await storeEmptyPlan(session, ports, settings)
  return { admission: await session.journal.writeOnce(shards.admission, admission) }
}

function inheritedAdmission(
  restore: Restore,
  backup: Backup,
  { ref, location, now }: { ref: Omit<AdmittedRef, 'location'>; location: string; now: string },
): StoredAdmission {
  const { managedFields: _fields, ...metadata } = backup.metadata
  return {
    restore: {
      ...ref,
      creationTimestamp: restore.metadata.creationTimestamp ?? now,
      annotations: restore.metadata.annotations ?? {},
    },
    spec: restore.spec,
    backup: { ...backup, metadata },
    location,
    startedAt: restore.status?.startTimestamp ?? now,
    inherited: true,
  }
}

async function storeOutcomes({ store, journal }: Session, restore: Restore, { cluster, clock }: Ports): Promise<void> {
  const { log, ...files } = await readVeleroFiles(store, restore.metadata.name)
  await journal.writeOnce(shards.inheritedLog, log)
  const outcomes = inheritedOutcomes(files, {
    phase: restore.status?.phase ?? '',
    hasHooks: (restore.spec.hooks?.resources ?? []).some((hook) => (hook.postHooks ?? []).some(({ exec }) => exec)),
    objects: await findClaims(cluster, files, restore.metadata.name),
    at: rfc3339(clock.now()),
  })
  await journal.writeOnce(outcomesShard('inherited', 'velero', 0), outcomes)
}

/** The claims that the restore created, with their uids, which the finalization needs and Velero's files do not have. */
async function findClaims(
  cluster: Cluster,
  { resourceList }: VeleroFiles,
  restore: string,
): Promise<Map<string, ObjectRef & { uid: string }>> {
  const kind = 'v1/PersistentVolumeClaim'
  const list = resourceList !== undefined && 'content' in resourceList ? (resourceList.content[kind] ?? []) : []
  const found = await inFlight(list, claimsAtOnce, async (entry) => {
    const { name: full = '', action } = parseEntry(entry) ?? {}
    const [namespace = '', name = ''] = full.split('/')
    if (action !== 'created' || name === '') return undefined
    const at = { group: '', version: 'v1', resource: 'persistentvolumeclaims', namespace, name }
    const claim = await cluster.get(at)
    if (claim?.metadata.labels?.[restoreNameLabel] !== validLabelValue(restore)) return undefined
    return [`${kind}|${full}`, { ...at, uid: claim.metadata.uid ?? '' }] as const
  })
  return new Map(found.filter((one) => one !== undefined))
}

/** Stores the empty plan, and the facts. A metadata file that cannot be read is an error of the restore: it has no facts then. */
async function storeEmptyPlan(session: Session, ports: Ports, settings: Settings): Promise<void> {
  const plan: Plan = { etag: '', waves: [], provisioned: [], notes: [] }
  const gathered = await gather(session, ports, settings)
  if ('facts' in gathered) await session.journal.writeOnce(shards.facts, gathered.facts)
  const notes = 'problem' in gathered ? [gathered.problem] : []
  await session.journal.writeOnce(shards.plan, { ...plan, notes })
}

async function gather(
  session: Session,
  ports: Ports,
  settings: Settings,
): Promise<{ facts: StoredFacts } | { problem: Outcome }> {
  try {
    return { facts: await gatherFacts(factKinds, { session, ports, settings }) }
  } catch (thrown) {
    if (failureTypeOf(thrown) !== failureTypes.failed || !(thrown instanceof Error)) throw thrown
    const messages = [error('velero', thrown.message)]
    return { problem: { key: 'inherited/facts', messages, at: rfc3339(ports.clock.now()) } }
  }
}
