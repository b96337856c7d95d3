import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'
import type { Outcome } from '../items/outcome.ts'
import { finish, forEachInSteps } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
import { packChunk } from './packed-chunk.ts'
import { placeInSteps } from './place-items.ts'
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
  return finish(planInSteps(input))
}

/** {@link makePlan} in steps. */
export function* planInSteps(input: PlanInput): Steps<Plan> {
  const others = input.items.filter((item) => item.groupResource !== 'namespaces')
  const waves: Wave[] = []
  for (const { groupResource, items } of yield* placeInSteps(others, input.order)) {
    const cutter = new ChunkCutter(evenBounds(items.length, input.bounds))
    yield* forEachInSteps(items, (item) => cutter.add(plannedItem(item, input.namespaceMapping), input.sizeOf(item)))
    waves.push({ groupResource, chunks: cutter.end() })
  }
  const namespaces = yield* namespaceWave(input)
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
function* namespaceWave(input: PlanInput): Steps<Wave | undefined> {
  const sources = new Map<string, string>()
  const wanted = new Set<string>()
  yield* forEachInSteps(input.items, ({ groupResource, name, namespace }) => {
    const source = groupResource === 'namespaces' ? name : namespace
    if (source !== undefined) wanted.add(source)
  })
  for (const source of [...wanted].sort()) {
    const target = targetNamespace(input.namespaceMapping, source)
    if (!sources.has(target)) sources.set(target, source)
  }
  if (sources.size === 0) return undefined
  const told = yield* toldOf(input)
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
function* toldOf({ items, namespaceMapping }: PlanInput): Steps<(target: string) => number> {
  const selected = new Map<string, number>()
  const telling = new Set<string>()
  yield* forEachInSteps(items, (item) => {
    const isNamespace = item.groupResource === 'namespaces'
    const source = isNamespace ? item.name : item.namespace
    if (source === undefined) return
    const target = targetNamespace(namespaceMapping, source)
    if (isNamespace) selected.set(target, (selected.get(target) ?? 0) + 1)
    else if (item.additional !== true) telling.add(target)
  })
  return (target) => selected.get(target) ?? (telling.has(target) ? 0 : 1)
}

/** The maximum size of a chunk: small enough to repeat, and large enough to make the overhead per activity small. */
export interface ChunkBounds {
  itemsMax: number
  bytesMax: number
  /** How many chunks of a restore run side by side. */
  lanes: number
}

/**
 * The bounds for a wave of so many items: its chunks are about equal, and where there are more than run side by side, as many in
 * each round. A last chunk that runs alone has the whole wave wait for it.
 */
export function evenBounds(items: number, bounds: ChunkBounds): ChunkBounds {
  const { itemsMax, lanes } = bounds
  const least = Math.ceil(items / itemsMax)
  const chunks = least > lanes ? Math.ceil(least / lanes) * lanes : least
  return { ...bounds, itemsMax: Math.max(1, Math.ceil(items / Math.max(1, chunks))) }
}

/** Cuts items, in their order, into chunks. An item larger than `bytesMax` has a chunk of its own. */
export function cutChunks(items: readonly (PlannedItem & { sizeBytes: number })[], bounds: ChunkBounds): Chunk[] {
  const cutter = new ChunkCutter(evenBounds(items.length, bounds))
  for (const { sizeBytes, ...item } of items) cutter.add(item, sizeBytes)
  return cutter.end()
}

/** The chunks of the items so far. */
class ChunkCutter {
  private readonly chunks: Chunk[] = []
  private items: PlannedItem[] = []
  private bytes = 0
  private readonly bounds: ChunkBounds

  constructor(bounds: ChunkBounds) {
    this.bounds = bounds
  }

  add(item: PlannedItem, sizeBytes: number): void {
    const { itemsMax, bytesMax } = this.bounds
    const isFull = this.items.length >= itemsMax || this.bytes + sizeBytes > bytesMax
    if (isFull) this.cut()
    this.items.push(item)
    this.bytes += sizeBytes
  }

  end(): Chunk[] {
    this.cut()
    return this.chunks
  }

  private cut(): void {
    if (this.items.length > 0) this.chunks.push(packChunk({ items: this.items }))
    this.items = []
    this.bytes = 0
  }
}
