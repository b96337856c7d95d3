import { finish, forEachInSteps } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import { itemKey } from '../items/outcome.ts'

/** An item of the plan, and the items that must be restored before it. */
export interface PlaceableItem extends ItemAddress {
  version?: string
  additional?: true
  /** The namespace in the backup of the item that is restored at its place, if it is not the first one there. */
  twinOf?: string
  /** The keys (`itemKey`) of the items that must be restored before it. Keys of other items are ignored. */
  before: readonly string[]
}

/** The items of one wave. */
export interface PlacedWave {
  groupResource: GroupResource
  items: PlaceableItem[]
}

/** The maximum length of a chain of additional items. A longer one is a cycle. */
const depthMax = 32

/** The place of an item: at the turn of a resource, or `ahead` steps before it. */
interface Place {
  turn: number
  ahead: number
}

/**
 * Puts the items into waves in the order of their resources, each item into exactly one wave (rule 11). If the resource
 * of an additional item would come after its parent, the item is put into an extra wave before that of the parent, and
 * its own additional items into extra waves before that one.
 */
export function placeItems(items: readonly PlaceableItem[], order: readonly GroupResource[]): PlacedWave[] {
  return finish(placeInSteps(items, order))
}

/** {@link placeItems} in steps. */
export function* placeInSteps(items: readonly PlaceableItem[], order: readonly GroupResource[]): Steps<PlacedWave[]> {
  const turns = new Map(order.map((groupResource, turn) => [groupResource, turn]))
  const byKey = new Map<string, PlaceableItem>()
  const places = new Map<string, Place>()
  yield* forEachInSteps(items, (item) => {
    const key = itemKey(item)
    byKey.set(key, item)
    places.set(key, { turn: turns.get(item.groupResource) ?? order.length, ahead: 0 })
  })
  yield* forEachInSteps(byKey, ([key, { before }]) => {
    if (before.length > 0) pullAhead(key, byKey, places, 0)
  })
  return yield* gather(byKey, places)
}

function pullAhead(
  key: string,
  byKey: ReadonlyMap<string, PlaceableItem>,
  places: Map<string, Place>,
  depth: number,
): void {
  const place = places.get(key)
  const item = byKey.get(key)
  if (place === undefined || item === undefined || depth > depthMax) return
  for (const wanted of item.before) {
    const current = places.get(wanted)
    if (current === undefined || wanted === key || isBefore(current, place)) continue
    places.set(wanted, { turn: place.turn, ahead: place.ahead + 1 })
    pullAhead(wanted, byKey, places, depth + 1)
  }
}

function isBefore(a: Place, b: Place): boolean {
  return a.turn < b.turn || (a.turn === b.turn && a.ahead > b.ahead)
}

function* gather(byKey: ReadonlyMap<string, PlaceableItem>, places: ReadonlyMap<string, Place>): Steps<PlacedWave[]> {
  const waves = new Map<string, PlacedWave & { place: Place }>()
  yield* forEachInSteps(byKey, ([key, item]) => {
    const place = places.get(key) ?? { turn: 0, ahead: 0 }
    const waveKey = `${place.turn}|${place.ahead}|${item.groupResource}`
    const wave = waves.get(waveKey)
    if (wave === undefined) waves.set(waveKey, { groupResource: item.groupResource, items: [item], place })
    else wave.items.push(item)
  })
  return [...waves.values()]
    .sort(
      (a, b) =>
        a.place.turn - b.place.turn || b.place.ahead - a.place.ahead || (a.groupResource < b.groupResource ? -1 : 1),
    )
    .map(({ groupResource, items }) => ({ groupResource, items }))
}
