import { LRUCache } from 'lru-cache'
import { ArchiveError } from '../../core/port-errors.ts'
import { backupContentsKey } from '../../velero/object-keys.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { Plan, PlannedItem } from '../../core/plan/plan.ts'
import { fatal, journalDamaged, wrongCluster } from './failures.ts'
import { openJournal } from './journal.ts'
import type { Journal } from './journal.ts'
import type { Archive, ObjectStore, Ports } from '../ports.ts'
import { makeSessionRules } from './session-rules.ts'
import type { SessionRules } from './session-rules.ts'
import { shards } from './stored.ts'
import type { StoredAdmission, StoredFacts } from './stored.ts'

/** A restore as a worker has it at hand. Everything in it can be had again from journal and bucket. */
export interface Session {
  ref: AdmittedRef
  store: ObjectStore
  journal: Journal
  admission: StoredAdmission
}

/** A session whose plan is made. */
export interface PlannedSession extends Session {
  plan: Plan
  facts: StoredFacts
  archive: Archive
  /** The JSON text of a planned item. Throws `ArchiveError` where the archive has no such item, or is damaged. */
  readItem: (groupResource: GroupResource, item: Pick<PlannedItem, 'namespace' | 'name' | 'version'>) => Promise<string>
  rules: SessionRules
}

/** Sessions by restore: opened once per worker, not once per activity. */
export interface Sessions {
  open(ref: AdmittedRef): Promise<Session>
  openPlanned(ref: AdmittedRef, signal: AbortSignal): Promise<PlannedSession>
  /** Forgets a restore; the next activity reads everything anew. */
  forget(uid: string): void
}

const restoresMax = 32
const idleMs = 10 * 60_000

/** Makes the sessions of a worker. */
export function createSessions(ports: Ports): Sessions {
  const opened = new LRUCache<string, Promise<Session>>({ max: restoresMax, ttl: idleMs })
  const planned = new LRUCache<string, Promise<PlannedSession>>({
    max: restoresMax,
    ttl: idleMs,
    updateAgeOnGet: true,
    dispose: (session) => void session.then(({ archive }) => archive.close()).catch(() => undefined),
  })

  function open(ref: AdmittedRef): Promise<Session> {
    return remember(opened, ref.uid, () => openSession(ports, ref))
  }

  return {
    open,
    openPlanned: (ref, signal) => remember(planned, ref.uid, async () => openPlan(ports, await open(ref), signal)),
    forget(uid) {
      opened.delete(uid)
      planned.delete(uid)
    },
  }
}

/** Keeps the promise, so that activities that start together share the work; a failure is not kept. */
function remember<T>(cache: LRUCache<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  made.catch(() => {
    if (cache.peek(key) === made) cache.delete(key)
  })
  return made
}

async function openSession(ports: Ports, ref: AdmittedRef): Promise<Session> {
  if (ref.cluster !== ports.cluster.id) throw wrongCluster(ref.cluster, ports.cluster.id)
  const store = await openLocation(ports, ref.namespace, ref.location)
  const journal = openJournal(store, ref)
  const admission = await journal.read<StoredAdmission>(shards.admission)
  if (admission === undefined)
    throw journalDamaged(
      `journal of restore ${ref.name} (${ref.uid}) has no admission: was restores/${ref.name}/drydock removed from the bucket?`,
    )
  return { ref, store, journal, admission }
}

async function openPlan(ports: Ports, session: Session, signal: AbortSignal): Promise<PlannedSession> {
  const [plan, facts] = await Promise.all([
    session.journal.read<Plan>(shards.plan),
    session.journal.read<StoredFacts>(shards.facts),
  ])
  if (plan === undefined || facts === undefined)
    throw journalDamaged(`journal of restore ${session.ref.name} (${session.ref.uid}) has no plan`)
  const key = backupContentsKey(session.admission.spec.backupName ?? '')
  const archive = await ports.archives.open(session.store, key, { etag: plan.etag, signal })
  const rules = makeSessionRules(session.admission, await ports.cluster.discover())
  return { ...session, plan, facts, archive, readItem: readerOf(archive), rules }
}

/** Reads items by the place that a plan names: resource, version folder, namespace and name. */
function readerOf(archive: Archive): PlannedSession['readItem'] {
  const index = new Map(archive.entries.map((entry) => [placeOf(entry.groupResource, entry), entry]))
  return async (groupResource, item) => {
    const place = placeOf(groupResource, item)
    const entry = index.get(place)
    if (entry === undefined) throw new ArchiveError('missing', `the archive has no ${place}`)
    return archive.read(entry)
  }
}

function placeOf(groupResource: GroupResource, item: Pick<PlannedItem, 'namespace' | 'name' | 'version'>): string {
  return `${groupResource}|${item.version ?? ''}|${item.namespace ?? ''}|${item.name}`
}

/** Opens the bucket of a BackupStorageLocation by its name. */
export async function openLocation(
  ports: Pick<Ports, 'cluster' | 'stores'>,
  namespace: string,
  name: string,
): Promise<ObjectStore> {
  const location = await ports.cluster.get({
    group: 'velero.io',
    version: 'v1',
    resource: 'backupstoragelocations',
    namespace,
    name,
  })
  if (location === undefined) throw fatal(`BackupStorageLocation.velero.io "${name}" not found`)
  return ports.stores.open(location as unknown as BackupStorageLocation)
}
