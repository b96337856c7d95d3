import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'
import { itemKey } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'
import { placeItems } from './place-items.ts'
import type { PlaceableItem } from './place-items.ts'
import type { Plan, PlannedItem, Wave, Chunk } from './plan.ts'

/** What a plan is made from. */
export interface PlanInput {
  etag: string
  /** The selected items and their additional items, each once. */
  items: readonly PlaceableItem[]
  /** The resources in the order in which they are restored. */
  order: readonly GroupResource[]
  namespaceMapping: Record<string, string> | undefined
  sizeOf: (item: ItemAddress) => number
  bounds: ChunkBounds
  provisioned: readonly string[]
  leftOut: NonNullable<Plan['leftOut']>
  notes: readonly Outcome[]
}

/** The resource whose items make other resources. */
export const definitions: GroupResource = 'customresourcedefinitions.apiextensions.k8s.io'

/**
 * Makes the plan. First the items are put into waves, additional items before their parents. Then a wave with all
 * target namespaces is inserted after the wave of CustomResourceDefinitions. Then each wave is cut into chunks. The
 * same input gives the same plan, and each item is in exactly one chunk.
 */
export function makePlan(input: PlanInput): Plan {
  const placed = placeItems(
    input.items.filter((item) => item.groupResource !== 'namespaces'),
    input.order,
  )
  const waves: Wave[] = placed.map(({ groupResource, items }) => ({
    groupResource,
    chunks: cutChunks(
      items.map((item) => ({ ...plannedItem(item, input.namespaceMapping), sizeBytes: input.sizeOf(item) })),
      input.bounds,
    ),
  }))
  const namespaces = namespaceWave(input)
  const firstAfterDefinitions = waves.findIndex((wave) => wave.groupResource !== definitions)
  const at = firstAfterDefinitions < 0 ? waves.length : firstAfterDefinitions
  const all = namespaces === undefined ? waves : [...waves.slice(0, at), namespaces, ...waves.slice(at)]
  const { etag, provisioned, leftOut, notes } = input
  return { etag, waves: all, provisioned, leftOut, notes }
}

function plannedItem(item: PlaceableItem, mapping: Record<string, string> | undefined): PlannedItem {
  const { namespace, name, version, additional, twinOf } = item
  return {
    ...(namespace === undefined ? {} : { namespace, target: targetNamespace(mapping, namespace) }),
    name,
    ...(version === undefined ? {} : { version }),
    ...(additional === undefined ? {} : { additional }),
    ...(twinOf === undefined ? {} : { twinOf }),
  }
}

/**
 * The target namespaces of all items, and the selected namespaces. If several are mapped to one target, the first one
 * counts.
 */
function namespaceWave(input: PlanInput): Wave | undefined {
  const sources = new Map<string, string>()
  const wanted = input.items.map((item) => (item.groupResource === 'namespaces' ? item.name : item.namespace))
  for (const source of wanted.filter((name) => name !== undefined).sort()) {
    const target = targetNamespace(input.namespaceMapping, source)
    if (!sources.has(target)) sources.set(target, source)
  }
  if (sources.size === 0) return undefined
  const told = toldOf(input)
  const items = [...sources].map(([target, name]) => {
    const count = told(target)
    return { name, target, ...(count === 1 ? {} : { sources: count }), sizeBytes: 0 }
  })
  return { groupResource: 'namespaces', chunks: cutChunks(items, input.bounds) }
}

/**
 * How often the wave of namespaces tells that a target is refused: once for each selected namespace. Without one, the
 * selected items in it tell; without those either, somebody must.
 */
function toldOf({ items, namespaceMapping }: PlanInput): (target: string) => number {
  const selected = new Map<string, number>()
  const telling = new Set<string>()
  for (const item of items) {
    const isNamespace = item.groupResource === 'namespaces'
    const source = isNamespace ? item.name : item.namespace
    if (source === undefined) continue
    const target = targetNamespace(namespaceMapping, source)
    if (isNamespace) selected.set(target, (selected.get(target) ?? 0) + 1)
    else if (item.additional !== true) telling.add(target)
  }
  return (target) => selected.get(target) ?? (telling.has(target) ? 0 : 1)
}

/** Merges entries of the same item. The first one counts, with the `before` of all. */
export function mergeWanted(items: readonly PlaceableItem[]): PlaceableItem[] {
  const merged = new Map<string, PlaceableItem>()
  for (const item of items) {
    const known = merged.get(itemKey(item))
    if (known === undefined) merged.set(itemKey(item), item)
    else merged.set(itemKey(item), { ...known, before: [...new Set([...known.before, ...item.before])] })
  }
  return [...merged.values()]
}

/** The maximum size of a chunk: small enough to repeat, and large enough to make the overhead per activity small. */
export interface ChunkBounds {
  itemsMax: number
  bytesMax: number
}

/** Cuts items, in their order, into chunks. An item larger than `bytesMax` has a chunk of its own. */
export function cutChunks(items: readonly (PlannedItem & { sizeBytes: number })[], bounds: ChunkBounds): Chunk[] {
  const chunks: { items: PlannedItem[] }[] = []
  let current: PlannedItem[] = []
  let bytes = 0
  for (const { sizeBytes, ...item } of items) {
    if (current.length > 0 && (current.length >= bounds.itemsMax || bytes + sizeBytes > bounds.bytesMax)) {
      chunks.push({ items: current })
      current = []
      bytes = 0
    }
    current.push(item)
    bytes += sizeBytes
  }
  if (current.length > 0) chunks.push({ items: current })
  return chunks
}
