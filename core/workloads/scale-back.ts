import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { AtZero } from '../items/outcome.ts'
import { fieldsAt, valueAt } from '../values/fields.ts'
import { scaledWorkloads } from '../items/zero-replicas.ts'
import type { IsPlanned } from '../items/zero-replicas.ts'
import type { Plan } from '../plan/plan.ts'

/** The next step for a workload that was created with zero replicas. */
export type ScaleStep =
  | { do: 'scale'; patch: object }
  /** It has its replicas. */
  | { do: 'done' }
  /** Its controller says how many it has. */
  | { do: 'pass' }
  /** It is left as it is; the text follows its id. */
  | { do: 'leave'; because: string }

/** The facts for the decision. */
export interface ScaleFacts extends AtZero {
  /** The object as it stands now; undefined where it is gone. */
  live: Manifest | undefined
  /** The uid of the object that this restore created. */
  uid: string
  /** Its controller in the backup is a workload that stands in the cluster, and is scaled itself. */
  isControlled: boolean
  /** An earlier run may have scaled it, and others after that. */
  isRetry: boolean
}

/**
 * Decides how a workload that was created with zero replicas gets those of the backup: by a patch of the very object that
 * was seen. Whoever has scaled it since then wins.
 */
export function decideScale({ live, uid, replicas, isControlled, isRetry }: ScaleFacts): ScaleStep {
  if (live === undefined) return { do: 'leave', because: 'is gone, and is not scaled back' }
  if (live.metadata.uid !== uid) return { do: 'leave', because: 'is another object than the one that was restored' }
  const now = valueAt(live, 'spec', 'replicas')
  if (isControlled) return { do: 'pass' }
  if (now === replicas) return { do: 'done' }
  if (now !== 0) {
    if (isRetry) return { do: 'done' }
    const by = lastSetter(live)
    const because = `was scaled to ${String(now)}${by === undefined ? '' : ` by ${by}`} while it was restored, and is left so: the backup has ${replicas}`
    return { do: 'leave', because }
  }
  const { resourceVersion } = live.metadata
  return { do: 'scale', patch: { metadata: { uid, resourceVersion }, spec: { replicas } } }
}

/** The manager that set the number of replicas last. */
function lastSetter({ metadata: { managedFields } }: Manifest): string | undefined {
  const setters = (managedFields ?? []).filter((entry) => ownsReplicas(entry))
  return setters.toSorted((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1)).at(-1)?.manager
}

function ownsReplicas({ fieldsV1 }: ManagedFieldsEntry): boolean {
  return fieldsAt(fieldsV1, 'f:spec', 'f:replicas') !== undefined
}

/** The groups in which workloads are scaled back: each begins when the one before is ready. */
export const scaleOrder = ['StatefulSets', 'Deployments', 'other workloads'] as const

/** The place of a workload in {@link scaleOrder}. */
export function placeInOrder(groupResource: GroupResource): number {
  if (groupResource === 'statefulsets.apps') return 0
  return groupResource === 'deployments.apps' ? 1 : 2
}

/** Why a controller has not made the pods of a workload yet; empty where it has. Tasks that follow look for pods. */
export function whyWithoutPods(live: Manifest): string {
  const numberAt = (...path: string[]) => {
    const found = valueAt(live, ...path)
    return typeof found === 'number' ? found : 0
  }
  if (numberAt('status', 'observedGeneration') < (live.metadata.generation ?? 0))
    return 'no controller has looked at it yet'
  const [made, wanted] = [numberAt('status', 'replicas'), numberAt('spec', 'replicas')]
  return made >= wanted ? '' : `${made} of ${wanted} pods are made`
}

/**
 * The owners of fields as they stand now, but the number of replicas is again with those who owned it before `manager` scaled it.
 * Undefined where another has taken the number meanwhile: it stays with that one.
 */
export function giveReplicasBack(
  now: readonly ManagedFieldsEntry[],
  before: readonly ManagedFieldsEntry[],
  manager: string,
): ManagedFieldsEntry[] | undefined {
  const owners = new Map(before.filter(ownsReplicas).map((entry) => [writerOf(entry), entry]))
  if (now.some((entry) => ownsReplicas(entry) && entry.manager !== manager && !owners.has(writerOf(entry))))
    return undefined
  const present = new Set(now.map(writerOf))
  const lost = [...owners].flatMap(([writer, entry]) => (present.has(writer) ? [] : [onlyReplicas(entry)]))
  const standing = now.map((entry) => (owners.has(writerOf(entry)) ? withReplicas(entry) : withoutReplicas(entry)))
  return [...standing.filter(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}).length > 0), ...lost]
}

/** What tells the entries of one object apart. */
function writerOf({ manager, operation, apiVersion, subresource }: ManagedFieldsEntry): string {
  return [manager, operation, apiVersion, subresource].join('|')
}

function onlyReplicas(entry: ManagedFieldsEntry): ManagedFieldsEntry {
  return { ...entry, fieldsV1: { 'f:spec': { 'f:replicas': {} } } }
}

function withReplicas(entry: ManagedFieldsEntry): ManagedFieldsEntry {
  const spec = { ...fieldsAt(entry.fieldsV1, 'f:spec'), 'f:replicas': {} }
  return { ...entry, fieldsV1: { ...fieldsAt(entry.fieldsV1), 'f:spec': spec } }
}

function withoutReplicas(entry: ManagedFieldsEntry): ManagedFieldsEntry {
  if (!ownsReplicas(entry)) return entry
  const { 'f:spec': _spec, ...others } = fieldsAt(entry.fieldsV1) ?? {}
  const { 'f:replicas': _replicas, ...spec } = fieldsAt(entry.fieldsV1, 'f:spec') ?? {}
  return { ...entry, fieldsV1: Object.keys(spec).length === 0 ? others : { ...others, 'f:spec': spec } }
}

/** Which controllers of pods a plan restores. */
export function plannedWorkloads({ waves }: Pick<Plan, 'waves'>): IsPlanned {
  const places = new Set<string>()
  for (const { groupResource, chunks } of waves) {
    if (!scaledWorkloads.includes(groupResource)) continue
    for (const { items } of chunks)
      for (const { namespace, name, twinOf } of items)
        if (twinOf === undefined) places.add(`${groupResource}|${namespace ?? ''}|${name}`)
  }
  return (groupResource, namespace, name) => places.has(`${groupResource}|${namespace}|${name}`)
}
