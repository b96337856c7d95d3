import { LRUCache } from 'lru-cache'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { makeIncludesExcludes, makeResourceIncludesExcludes } from '../../core/filter/includes-excludes.ts'
import { resolveResource } from '../../core/filter/resolve-resource.ts'
import type { StatusFilter } from '../../core/items/item-manifest.ts'
import { applyModifiers } from '../../core/modifiers/apply-modifiers.ts'
import type { Plan, PlannedItem } from '../../core/plan/plan.ts'
import { makeItemSelector } from '../../core/plan/select-items.ts'
import type { ItemSelector } from '../../core/plan/select-items.ts'
import { ArchiveError, isOfCopy } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { backupContentsKey } from '../../velero/object-keys.ts'
import { parseApiVersion } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { Archive } from '../archive-port.ts'
import type { DiscoveredResource, ObjectStore, Ports } from '../ports.ts'
import type { Settings } from '../settings.ts'
import { journalDamaged, wrongCluster } from './failures.ts'
import { openJournal, readPlan, shards } from './journal.ts'
import type { Journal, OwnShards, StoredAdmission, StoredFacts } from './journal.ts'
import { keepOpen } from './keep-open.ts'
import { openLocation } from './locations.ts'

/** What the activities of a worker share. */
export interface WorkerParts {
  ports: Ports
  sessions: Sessions
  settings: Settings
}

/** An admitted restore as a worker has it at hand. All of it can be read again from journal and bucket. */
export interface Session {
  ref: AdmittedRef
  store: ObjectStore
  journal: Journal
  admission: StoredAdmission
}

/** A session whose plan is made and whose archive is open. */
export interface PlannedSession extends Session, OpenPlan {}

interface OpenPlan {
  plan: Plan
  facts: StoredFacts
  /** The JSON text of a planned item. Throws `ArchiveError` where the archive has no such item, or is damaged. */
  readItem: (groupResource: GroupResource, item: Pick<PlannedItem, 'namespace' | 'name' | 'version'>) => Promise<string>
  rules: SessionRules
}

/** Sessions by restore: opened once per worker, not once per activity. */
export interface Sessions {
  open(ref: AdmittedRef): Promise<Session>
  /** Runs `work` with the restore's plan at hand; its archive is not closed before `work` has ended. */
  withPlan<T>(ref: AdmittedRef, signal: AbortSignal, work: (session: PlannedSession) => Promise<T>): Promise<T>
  /** The plan of a session: the open one where there is one, so that a large one is not read again. Undefined where it has none yet. */
  planOf(session: Session): Promise<Plan | undefined>
  /** Forgets a restore: the next activity reads everything again. */
  forget(uid: string): void
}

/** How long an unused session is kept. A location and its credentials are read again after the same time. */
const keptMs = 10 * 60_000

/** Sessions are small, and restores that wait are looked at every few seconds, however many they are. */
const sessionsMax = 500

/** Of so many bytes of shards and their keys that a worker has written it fetches none again: half a million outcomes or more (calculated). */
const ownShardsBytesMax = 16 * 1024 * 1024

/** Makes the sessions of a worker. As many archives are kept open as restores may restore items at once. */
export function createSessions(ports: Ports, restoresMax: number): Sessions {
  const opened = new LRUCache<string, Promise<Session>>({ max: Math.max(sessionsMax, restoresMax), ttl: keptMs })
  const own = new LRUCache<string, Buffer>({
    maxSize: ownShardsBytesMax,
    sizeCalculation: ({ length }, key) => length + key.length,
  })
  const planned = keepOpen<OpenPlan & { archive: Archive }>({
    max: restoresMax,
    idleMs: keptMs,
    close: ({ archive }) => archive.close(),
  })

  function open(ref: AdmittedRef): Promise<Session> {
    const key = keyOf(ref)
    const known = opened.get(key)
    if (known !== undefined) return known
    const opening = openSession(ports, ref, own)
    opened.set(key, opening)
    opening.catch(() => {
      if (opened.peek(key) === opening) opened.delete(key)
    })
    return opening
  }

  return {
    open,
    async withPlan(ref, signal, work) {
      const session = await open(ref)
      const user = { signal, open: (stop: AbortSignal) => openPlan(ports, session, stop) }
      try {
        return await planned.use(keyOf(ref), user, (plan) => work({ ...session, ...plan }))
      } catch (thrown) {
        // The next attempt opens a fresh copy.
        if (thrown instanceof ArchiveError && isOfCopy(thrown)) planned.forget(keyOf(ref))
        throw thrown
      }
    },
    async planOf({ ref, journal }) {
      const open = await planned.ifOpen(keyOf(ref))
      return open === undefined ? readPlan(journal) : open.plan
    },
    forget(uid) {
      for (const key of [...opened.keys()].filter((one) => one.startsWith(`${uid}/`))) {
        opened.delete(key)
        planned.forget(key)
      }
      for (const key of [...own.keys()].filter((one) => one.includes(`/${uid}/`))) own.delete(key)
    },
  }
}

/** Each run of a restore has a session of its own: it has another journal, and the cluster may have other kinds. */
function keyOf({ uid, run = 1 }: AdmittedRef): string {
  return `${uid}/${run}`
}

async function openSession(ports: Ports, ref: AdmittedRef, own: OwnShards): Promise<Session> {
  if (ref.cluster !== ports.cluster.id) throw wrongCluster(ref.cluster, ports.cluster.id)
  const store = await openLocation(ports, ref.namespace, ref.location)
  const journal = openJournal(store, ref, own)
  const admission = await journal.read<StoredAdmission>(shards.admission)
  if (admission === undefined)
    throw journalDamaged(
      `journal of restore ${ref.name} (${ref.uid}) has no admission: was restores/${ref.name}/drydock removed from the bucket?`,
    )
  return { ref, store, journal, admission }
}

async function openPlan(ports: Ports, session: Session, signal: AbortSignal): Promise<OpenPlan & { archive: Archive }> {
  const [plan, facts, resources] = await Promise.all([
    readPlan(session.journal),
    session.journal.read<StoredFacts>(shards.facts),
    ports.cluster.discover(),
  ])
  if (plan === undefined || facts === undefined)
    throw journalDamaged(`journal of restore ${session.ref.name} (${session.ref.uid}) has no plan`)
  const rules = rulesOf(session.admission, facts, resources)
  const key = backupContentsKey(session.admission.spec.backupName ?? '')
  const archive = await ports.archives.open(session.store, key, { etag: plan.etag, signal })
  return { plan, facts, rules, archive, readItem: readerOf(archive) }
}

/** Reads items by the place that a plan names: resource, version folder, namespace and name. */
function readerOf(archive: Archive): PlannedSession['readItem'] {
  return async (groupResource, { namespace, name, version }) => {
    const item = { groupResource, name, ...(namespace && { namespace }), ...(version && { version }) }
    const entry = archive.entries.at(archive.entries.placeOf(item))
    if (entry !== undefined) return archive.read(entry)
    throw new ArchiveError('missing', `the archive has no ${groupResource}|${version ?? ''}|${namespace ?? ''}|${name}`)
  }
}

/** What the spec and the cluster's kinds say about all items of a restore. */
export interface SessionRules {
  /** Applies the resource modifiers to an item. */
  modify: (item: Manifest, groupResource: GroupResource) => { item: Manifest; errors: readonly string[] }
  /** The resource of a kind: `deployments` for `apps/v1` and `Deployment`; undefined where the cluster does not serve it. */
  pluralOf: (apiVersion: string, kind: string) => string | undefined
  /** Which resources get their status back. */
  statusFilter: StatusFilter
  /** Whether an item is restored that an action of a plugin wants. */
  decideAdditional: ItemSelector['decideAdditional']
}

function rulesOf(
  { modifiers, policies, spec }: StoredAdmission,
  facts: StoredFacts,
  resources: readonly DiscoveredResource[],
): SessionRules {
  let selector: ReturnType<typeof makeItemSelector> | undefined
  return {
    /** Applies the resource modifiers to an item. */
    modify: (item, groupResource) =>
      modifiers === undefined ? { item, errors: [] } : applyModifiers({ item, groupResource, modifiers }),
    /** The resource of a kind: `deployments` for `apps/v1` and `Deployment`; undefined where the cluster does not serve it. */
    pluralOf: (apiVersion, kind) => {
      const { group, version } = parseApiVersion(apiVersion)
      return resources.find((one) => one.group === group && one.version === version && one.kind === kind)?.resource
    },
    statusFilter: statusFilterOf(spec, facts, resources),
    decideAdditional(item, mustInclude) {
      selector ??= makeItemSelector({ spec, policies, resolve: (name) => resolveResource(name, resources) })
      return 'error' in selector ? { do: 'select' } : selector.decideAdditional(item, mustInclude)
    },
  }
}

/** As it was when the restore was planned: its CustomResourceDefinitions were not restored then, as in Velero. */
function statusFilterOf(
  { restoreStatus: asked }: StoredAdmission['spec'],
  { restoreStatus }: StoredFacts,
  resources: readonly DiscoveredResource[],
): StatusFilter {
  if (restoreStatus !== undefined) return makeIncludesExcludes(restoreStatus)
  if (asked === undefined || asked === null) return undefined
  const lists = { includes: asked.includedResources, excludes: asked.excludedResources }
  return makeResourceIncludesExcludes(lists, (name) => resolveResource(name, resources))
}
