import type { PluginAnswer } from '../../core/actions/plugin-action.ts'
import { pluginRule } from '../../core/actions/run-plugins.ts'
import { activeActions } from '../../core/actions/built-in.ts'
import { markOf } from '../../core/items/field-owners.ts'
import type { ManagedFieldsMode, RestoreIdentity } from '../../core/items/field-owners.ts'
import { troubleOf } from '../../core/items/item-trouble.ts'
import type { ChanceRules, TroubleKind } from '../../core/items/item-trouble.ts'
import type { Message } from '../../core/items/outcome.ts'
import type { ApiError } from '../../core/port-errors.ts'
import type { ItemRules, Preparation } from '../../core/items/prepare-item.ts'
import { restoresStatus } from '../../core/items/item-manifest.ts'
import type { Plan, PlannedItem } from '../../core/plan/plan.ts'
import { plannedWorkloads } from '../../core/workloads/scale-back.ts'
import type { IsPlanned } from '../../core/items/zero-replicas.ts'
import { askedBy } from '../../core/asked/annotations.ts'
import type { Asked } from '../../core/asked/annotations.ts'
import { existingPolicyFor } from '../../core/asked/existing.ts'
import type { ExistingObject, ExistingPolicies } from '../../core/asked/existing.ts'
import type { ChangeNote } from '../../core/undo/change-note.ts'
import { isPreview } from '../../core/preview/verdict.ts'
import { wouldMake } from '../../core/preview/why-unasked.ts'
import type { WouldMake } from '../../core/preview/why-unasked.ts'
import { managedFieldsAnnotation, secondChancesAnnotation } from '../../velero/labels.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource, ItemAddress, ObjectRef } from '../../velero/resource.ts'
import type { ItemAction } from '../../velero/results.ts'
import { firstLook } from '../existing/look-first.ts'
import type { FirstLook, Together } from '../existing/look-first.ts'
import { recreateNotes } from '../existing/recreate-notes.ts'
import type { RecreateNotes } from '../existing/recreate-notes.ts'
import { waitSince } from '../frame/run-activity.ts'
import type { Journal } from '../frame/journal.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { PlannedSession } from '../frame/session.ts'
import type { Plugins, Ports } from '../ports.ts'
import type { Settings } from '../settings.ts'
import type { Snapshotters } from '../snapshotter-port.ts'
import { beginPodVolumes } from '../volumes/order-pod-volumes.ts'
import type { BeginPodVolumes } from '../volumes/order-pod-volumes.ts'
import { inPlaceNotes } from '../volumes/in-place-notes.ts'
import type { InPlaceNotes } from '../volumes/in-place-notes.ts'

/** What the restoring of items needs, the same for all items of a chunk. */
export interface ItemTools extends Pick<Ports, 'cluster' | 'clock' | 'log'> {
  attempt: Attempt
  rules: ItemRules
  mark: RestoreIdentity & { labels: Record<string, string> }
  managedFields: ManagedFieldsMode
  /** What becomes of an object that exists: `spec.existingResourcePolicy`, or what the annotation `drydock.io/existing` says. */
  policyFor: (object: ExistingObject) => string | undefined
  /** What stands at the places of items. */
  firstLook: FirstLook
  /** What is noted of objects before they are deleted for their items. */
  recreated: RecreateNotes
  /** Objects are to be linked to their owners again. */
  relinkOwners?: boolean
  /** Whether status of such an item is restored. */
  restoresStatus: (groupResource: GroupResource, object: Manifest) => boolean
  /** The JSON text of an item in the archive. */
  readItem: PlannedSession['readItem']
  beginPodVolumes: BeginPodVolumes
  resourceTimeoutSeconds: number
  /** When a wait began, in milliseconds: settled in the journal at the first call for that name. */
  waitSince: (name: string) => Promise<number>
  /** What is noted of claims before they make way for their data. */
  inPlace: InPlaceNotes
  chances: ChanceRules
  /** The time, as RFC 3339. */
  now: () => string
  /** What this restore would make, where all writes are dry runs; absent where it restores. */
  preview?: WouldMake
  /** Absent where the plan has no action of a plugin. */
  plugins?: PluginTools | undefined
  native: NativeTools
}

/** What making volumes from native snapshots needs. */
export interface NativeTools {
  journal: Journal
  /** Absent where there are no plugins. */
  snapshotters: Snapshotters | undefined
  /** Velero's namespace, which has the volume snapshot locations. */
  namespace: string
  /** The name of this worker. */
  worker: string
  /** How long a PV is waited for that goes away. */
  terminatingTimeoutSeconds: number
}

/** What asking plugins about items needs. */
export interface PluginTools {
  host: Plugins
  /** The Restore, as plugins get it. */
  restore: object
  /** The keys of the items that are being restored, each because the one before wants it. */
  chain: readonly string[]
  /** The answer that an earlier attempt has settled; undefined without one. */
  settled: (key: string) => Promise<PluginAnswer | undefined>
  /** Settles an answer in the journal, and returns the one that is there then. */
  settle: (key: string, answer: PluginAnswer) => Promise<PluginAnswer>
  /** Restores an additional item. With `mustInclude` filters do not exclude it. */
  bring: (wanted: ItemAddress, mustInclude: boolean, tools: ItemTools) => Promise<Brought>
}

/** What came of an additional item: it stands in the cluster, was left out or failed, or the backup does not have it. */
export type Brought = 'stands' | 'left' | 'missing'

/** Thrown about an item that stands, but has to be looked at again later: it has no outcome yet. The message says what it waits for. */
export class NotYet extends Error {}

/** A prepared item, on its way into the cluster. */
export interface WriteInput {
  prepared: Extract<Preparation, { do: 'write' }>
  item: PlannedItem
  groupResource: GroupResource
}

/** What a write came to. */
export interface WriteResult {
  /** Another try may succeed: it was refused for the lack of something else, or a step after the create met trouble. */
  refusedFor?: TroubleKind
  /** What a step after the create threw. */
  thrown?: ApiError
  /** Without an action Velero derives one from the messages. */
  action?: ItemAction
  messages: readonly Message[]
  /** The restore was cancelled before the steps that follow its create. */
  cut?: true
  /** The object as it stands in the cluster now. */
  live?: Manifest
  /** `contentsOf` it, where it was changed and nobody else wrote at the same time. */
  contents?: string
}

/** A write that is done, or a change of an object that stood there before, which is journalled before it is made. */
export type Written =
  | ({ do: 'done' } & WriteResult)
  | {
      do: 'change'
      action: ItemAction
      live: Manifest
      /** How to take the change back; undefined where that is noted already. */
      back?: Pick<ChangeNote, 'back' | 'owners'> | undefined
      apply: () => Promise<WriteResult & { action: ItemAction }>
    }

/** Puts together what the items of one chunk share. */
export function makeItemTools(
  session: PlannedSession,
  attempt: Attempt,
  { ports, settings }: { ports: Ports; settings: Settings },
  together?: Together,
): ItemTools {
  const { admission, facts, plan, rules } = session
  const { restore, spec } = admission
  const mark = markOf(admission)
  const wanted = restore.annotations?.[managedFieldsAnnotation]
  const asked = askedBy(restore.annotations)
  const previews = isPreview(admission)
  const { cluster, clock, log } = ports
  const location = admission.backup.spec.storageLocation ?? admission.location
  const orders = { cluster, restore: { ...restore, spec }, location }
  return {
    cluster,
    clock,
    log,
    attempt,
    rules: {
      restore: { ...restore, spec },
      labels: mark.labels,
      actions: activeActions(settings.features),
      // Asking a plugin may begin what a preview must not begin.
      plugins: previews ? [] : (facts.plugins ?? []).map(pluginRule),
      facts: facts.actions,
      volumes: facts.volumes,
      provisioned: new Set(plan.provisioned),
      ...askedRules(asked, plan),
      modify: rules.modify,
      pluralOf: rules.pluralOf,
    },
    mark,
    managedFields: wanted === 'owners' || wanted === 'exact' ? wanted : settings.managedFields,
    policyFor: (object) => existingPolicyFor(object, policiesOf(session)),
    firstLook: firstLook(plan, { cluster, clock, signal: attempt.signal }, together),
    recreated: recreateNotes(session.journal),
    relinkOwners: asked.owners === 'relink',
    restoresStatus: (groupResource, object) => restoresStatus(object, groupResource, rules.statusFilter),
    readItem: session.readItem,
    beginPodVolumes: restore.run === undefined && !previews ? beginPodVolumes(orders) : leaveToWait,
    ...(previews ? { preview: wouldMake(plan) } : {}),
    resourceTimeoutSeconds: settings.resourceTimeoutSeconds,
    inPlace: inPlaceNotes(session.journal),
    waitSince: (name) => waitSince(session.journal, name, clock.now()),
    chances: {
      secondChances: !previews && restore.annotations?.[secondChancesAnnotation] !== 'false',
      deadlineSeconds: settings.itemDeadlineSeconds,
    },
    now: () => rfc3339(clock.now()),
    native: {
      journal: session.journal,
      snapshotters: ports.snapshotters,
      namespace: restore.namespace,
      worker: ports.presence.worker,
      terminatingTimeoutSeconds: settings.terminatingTimeoutSeconds,
    },
  }
}

function policiesOf({ plan, admission: { restore, spec } }: PlannedSession): ExistingPolicies {
  return { rules: plan.existing ?? [], fallback: spec.existingResourcePolicy, home: restore.namespace }
}

/** What annotations ask for, as rules for items. */
function askedRules(asked: Asked, plan: Plan): Pick<ItemRules, 'endedJobs' | 'isolate' | 'zeroReplicas'> {
  return {
    ...(asked.endedJobs && { endedJobs: asked.endedJobs }),
    ...(asked.isolate && { isolate: true }),
    ...(asked.replicas && { zeroReplicas: { isPlanned: workloadsOf(plan) } }),
  }
}

/** The workloads of a plan are looked up once, and not for each of its chunks. */
function workloadsOf(plan: Plan): IsPlanned {
  const known = workloads.get(plan) ?? plannedWorkloads(plan)
  workloads.set(plan, known)
  return known
}

const workloads = new WeakMap<Plan, IsPlanned>()

/** In a retry `awaitPodVolumes` orders all: it knows what an earlier run has ordered for the same pod. A preview orders none. */
function leaveToWait(): Promise<void> {
  return Promise.resolve()
}

/** The object that a prepared item becomes: an action may have renamed it. */
export function objectRef({ prepared, item }: Pick<WriteInput, 'prepared' | 'item'>): ObjectRef {
  const namespace = item.target === undefined ? {} : { namespace: item.target }
  return { ...prepared.resource, ...namespace, name: prepared.object.metadata.name }
}

/** Says of a refusal whether another try may succeed, for a {@link WriteResult}. */
export function refusedFor(refusal: ApiError): { refusedFor?: TroubleKind } {
  const kind = troubleOf(refusal)
  return kind === 'backend' || kind === 'missing' ? { refusedFor: kind } : {}
}
