import { ArchiveError } from '../../core/port-errors.ts'
import { activeActions } from '../../core/actions/built-in.ts'
import { error, warning } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { servedByDefinitions, withPlannedItems, withPlannedSnapshotClasses } from '../../core/plan/planned-facts.ts'
import { planInSteps } from '../../core/plan/make-plan.ts'
import { orderResources } from '../../core/plan/order-resources.ts'
import { summarize } from '../../core/plan/plan.ts'
import type { Plan, PlanSummary } from '../../core/plan/plan.ts'
import { resolveLists } from '../../core/filter/includes-excludes.ts'
import type { ResolveResource } from '../../core/filter/includes-excludes.ts'
import { resolveResource } from '../../core/filter/resolve-resource.ts'
import { askedBy } from '../../core/asked/annotations.ts'
import { resolveExisting } from '../../core/asked/existing.ts'
import type { ExistingRule } from '../../core/asked/existing.ts'
import { makeItemSelector } from '../../core/plan/select-items.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import { backupContentsKey } from '../../velero/object-keys.ts'
import { checkRights } from './check-rights.ts'
import { resourcesIn } from '../frame/archive-entries.ts'
import { fatal } from '../frame/failures.ts'
import { inSlices } from '../frame/in-slices.ts'
import { assertUnderway, runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { gatherFacts } from './gather-facts.ts'
import type { Archive } from '../archive-port.ts'
import type { DiscoveredResource, Ports } from '../ports.ts'
import { requireSameArchive } from '../preview/keep-plan.ts'
import { readDefinitions, readSnapshotClasses } from './archived-manifests.ts'
import { planPlugins } from './plan-plugins.ts'
import { selectItems } from './select-items.ts'
import { versionsOf } from './version-choice.ts'
import { readDataUploads } from '../volumes/read-data-uploads.ts'
import type { LocksOfRun } from '../../contract/lock-workflow.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { askFor } from '../locks/request-locks.ts'
import type { RequestLocksReport } from '../locks/request-locks.ts'
import type { Session, WorkerParts } from '../frame/session.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import type { Settings } from '../settings.ts'
import { readPlan, shards } from '../frame/journal.ts'
import type { StoredFacts } from '../frame/journal.ts'

/** A plan that restores no item. */
const nothing = { waves: [], provisioned: [] } as const

/** Which restore to plan. */
export interface PlanInput {
  ref: AdmittedRef
  /** This run was reset: the restore may be over. */
  follows?: true
  /** The locks for which this asks as soon as there is a plan; absent where nothing is written, and in histories of earlier versions. */
  ask?: LocksOfRun
}

/** The plan as counts, and what the workflow has to know of its wait for the namespaces, where they were asked for. */
export interface PlanReport extends PlanSummary {
  asked?: RequestLocksReport
}

/**
 * Plans a restore, once: a plan that is in the journal is not made again. The archive is indexed on this worker's disk on
 * the way. A broken archive becomes an error of the restore, as in Velero. Returns counts only. Once nothing forbids the plan, its
 * namespaces are asked for (rule 9): they are granted while the plan is told.
 */
export function planRestore(parts: WorkerParts) {
  const { ports, sessions, settings } = parts
  return (input: PlanInput): Promise<PlanReport> =>
    runActivity(ports.presence, { doing: `planning restore ${input.ref.name}` }, async (attempt) => {
      const session = await sessions.open(input.ref)
      const live = await assertUnderway(ports.cluster, input.ref, { isReset: input.follows === true })
      const planning = { session, ports, settings, attempt }
      const stored = await readPlan(session.journal)
      if (stored !== undefined) await renewFacts(stored, planning)
      const plan = stored ?? (await makeAndStore(planning))
      await checkRights(plan, { ...planning, sessions, live })
      const summary = { ...summarize(plan), lanes: settings.lanes }
      if (input.ask === undefined || summary.items === 0) return summary
      return { ...summary, asked: await askFor(plan, parts, { ref: input.ref, ...input.ask }) }
    })
}

/** What planning works with. */
interface Planning {
  session: Session
  ports: Ports
  settings: Settings
  attempt: Attempt
}

async function makeAndStore(planning: Planning): Promise<Plan> {
  const { session, attempt, ports } = planning
  const served = ports.cluster.discover()
  // Whatever it throws is thrown where it is awaited.
  served.catch(() => {})
  const opened = await openArchive(planning)
  if ('broken' in opened) return storePlan(session, { etag: '', ...nothing, notes: [opened.broken] }, undefined)
  const { archive } = opened
  attempt.waitingFor(undefined)
  try {
    await requireSameArchive(session, archive.etag)
    const { plan, facts } = await planArchive(archive, { ...planning, served })
    return await storePlan(session, plan, facts)
  } finally {
    await archive.close()
  }
}

/**
 * Gathers the facts of a retry again, since what was missing may be there by now. Claims that the run before has created
 * did not exist before the restore, so that part of the facts stays.
 */
async function renewFacts(plan: Plan, planning: Planning): Promise<void> {
  const { session, ports, attempt } = planning
  const { journal } = session
  const before = await journal.read<StoredFacts>(shards.factsBefore)
  if (before === undefined || (await journal.read<StoredFacts>(shards.facts)) !== undefined) return
  const key = backupContentsKey(session.admission.spec.backupName ?? '')
  const archive = await ports.archives.open(session.store, key, { signal: attempt.signal, etag: plan.etag })
  try {
    const gathered = await gatherFromBackup(archive, planning)
    const facts = await withPlanned(archive, gathered, { ...plannedItems(plan), spec: session.admission.spec })
    const { existingClaims } = before.actions
    const { restoreStatus, plugins } = before
    await journal.writeOnce<StoredFacts>(shards.facts, {
      ...facts,
      ...(plugins === undefined ? {} : { plugins }),
      actions: { ...facts.actions, existingClaims },
      ...(restoreStatus === undefined ? {} : { restoreStatus }),
    })
  } finally {
    await archive.close()
  }
}

function plannedItems({ waves }: Plan): Pick<Chosen, 'items' | 'order'> {
  const items = waves.flatMap(({ groupResource, chunks }) =>
    chunks.flatMap((chunk) => chunk.items.map((item) => ({ ...item, groupResource }))),
  )
  return { items, order: waves.map(({ groupResource }) => groupResource) }
}

/** A broken archive is an error of the restore, with nothing restored; a missing or changed one ends it as Failed. */
async function openArchive({ ports, session, attempt }: Planning): Promise<{ archive: Archive } | { broken: Outcome }> {
  const key = backupContentsKey(session.admission.spec.backupName ?? '')
  attempt.waitingFor(`the archive ${key}`)
  try {
    const onProgress = (bytes: number) => attempt.waitingFor(`the archive ${key}: ${bytes} bytes read`)
    return { archive: await ports.archives.open(session.store, key, { signal: attempt.signal, onProgress }) }
  } catch (thrown) {
    if (!(thrown instanceof ArchiveError)) throw thrown
    switch (thrown.kind) {
      case 'damaged':
      case 'escape':
      case 'too-big':
        return { broken: note(ports, 'plan/archive', [error('velero', thrown.message)]) }
      default:
        throw thrown
    }
  }
}

/** Stores the facts before the plan: where there is a plan, there are its facts. Of two writers the first one counts. */
async function storePlan(session: Session, plan: Plan, facts: StoredFacts | undefined): Promise<Plan> {
  if (facts !== undefined) await session.journal.writeOnce(shards.facts, facts)
  return session.journal.writeOnce(shards.plan, plan)
}

async function planArchive(
  archive: Archive,
  planning: Planning & { served: Promise<readonly DiscoveredResource[]> },
): Promise<{ plan: Plan; facts: StoredFacts | undefined }> {
  const { session, ports, settings, attempt } = planning
  const { spec } = session.admission
  const empty = (notes: Outcome[]) => ({ plan: { etag: archive.etag, ...nothing, notes }, facts: undefined })
  if (!archive.hasResources) {
    return empty([
      note(ports, 'plan/archive', [
        warning('velero', 'zero items to be restored: directory "resources": does not exist'),
      ]),
    ])
  }
  const resources = await planning.served
  const resolve = (name: string) => resolveResource(name, resources)
  const { objects, existing: asked } = askedBy(session.admission.restore.annotations)
  const selector = makeItemSelector({ spec, policies: session.admission.policies, resolve, objects })
  if ('error' in selector) return empty([note(ports, 'plan/selection', [error('velero', selector.error)])])
  const inArchive = resourcesIn(archive)
  const versions = await versionsOf({ session, archive, resources }, ports, settings)
  if ('error' in versions)
    return empty([
      note(ports, 'plan/versions', [error('velero', `choosing API version to restore: ${versions.error}`)]),
    ])
  const plugins = await planPlugins(ports.plugins, resolve, attempt.signal)
  if ('error' in plugins) return empty([note(ports, 'plan/plugins', [error('velero', plugins.error)])])
  const added = servedByDefinitions(await readDefinitions(archive, inArchive, resources))
  // As in Velero, the order is that of the cluster once its CustomResourceDefinitions are restored; all filters are older.
  const resolveLater = (name: string) => resolve(name) ?? resolveResource(name, [...resources, ...added])
  const order = orderResources({ inArchive, priorities: settings.priorities, resolve: resolveLater })
  const facts = await gatherFromBackup(archive, planning)
  const selected = await selectItems({
    session,
    archive,
    selector,
    asked: { objects: objects ?? [], resolve },
    versions,
    facts,
    actions: activeActions(settings.features),
    order,
    now: rfc3339(ports.clock.now()),
    signal: attempt.signal,
  })
  const steps = planInSteps({
    etag: archive.etag,
    items: selected.items,
    order,
    namespaceMapping: spec.namespaceMapping,
    sizeOf: selected.sizeOf,
    bounds: { itemsMax: settings.chunkItemsMax, bytesMax: settings.chunkBytesMax, lanes: settings.lanes },
    provisioned: selected.provisioned,
    leftOut: selected.leftOut,
    notes: selected.notes,
  })
  const plan = { ...(await inSlices(steps, attempt.signal)), ...existingOf(asked, resolveLater) }
  const planned = await withPlanned(archive, facts, { items: selected.items, order, spec })
  return { plan, facts: { ...planned, ...statusOf(spec, resolve), ...(plugins.length > 0 ? { plugins } : {}) } }
}

/** The policies for objects that exist. Ends the restore where a word names no kind: it must not be passed over. */
function existingOf(asked: readonly ExistingRule[] | undefined, resolve: ResolveResource): Pick<Plan, 'existing'> {
  if (asked === undefined) return {}
  const resolved = resolveExisting(asked, resolve)
  if ('error' in resolved) throw fatal(`annotation drydock.io/existing cannot be followed: ${resolved.error}`)
  return { existing: resolved.rules }
}

function statusOf(
  { restoreStatus: asked }: Session['admission']['spec'],
  resolve: ResolveResource,
): Pick<StoredFacts, 'restoreStatus'> {
  if (asked === undefined || asked === null) return {}
  return {
    restoreStatus: resolveLists({ includes: asked.includedResources, excludes: asked.excludedResources }, resolve),
  }
}

/** The items that are restored, and the order of their resources. */
interface Chosen {
  items: readonly ItemAddress[]
  order: readonly GroupResource[]
  spec: Session['admission']['spec']
}

async function gatherFromBackup(archive: Archive, { session, ports, settings }: Planning): Promise<StoredFacts> {
  const inArchive = resourcesIn(archive)
  return withUploads(session, archive, await gatherFacts(inArchive, { session, ports, settings }))
}

/** The facts with what this restore itself will create. */
async function withPlanned(archive: Archive, facts: StoredFacts, { items, order, spec }: Chosen): Promise<StoredFacts> {
  const actions = withPlannedSnapshotClasses(facts.actions, await readSnapshotClasses(archive, items))
  return { ...facts, actions: withPlannedItems(actions, items, { order, namespaceMapping: spec.namespaceMapping }) }
}

async function withUploads({ admission }: Session, archive: Archive, facts: StoredFacts): Promise<StoredFacts> {
  const uploads = await readDataUploads(archive, { ...admission.restore, spec: admission.spec }, facts.actions)
  const actions = { ...facts.actions, dataUploadResults: uploads.results }
  return { actions, volumes: { ...facts.volumes, movedClaims: uploads.movedClaims } }
}

function note(ports: Ports, key: string, messages: Outcome['messages']): Outcome {
  return { key, messages, at: rfc3339(ports.clock.now()) }
}
