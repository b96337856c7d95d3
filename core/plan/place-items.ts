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
  const turnOf = ({ groupResource }: PlaceableItem): Place => ({
    turn: turns.get(groupResource) ?? order.length,
    ahead: 0,
  })
  const wanted = new Set<string>()
  yield* forEachInSteps(items, ({ before }) => {
    for (const key of before) wanted.add(key)
  })
  // Of a million items few want others: only these and what they want have a place that must be found by a key.
  const byKey = new Map<string, PlaceableItem>()
  const places = new Map<string, Place>()
  yield* forEachInSteps(wanted.size === 0 ? [] : items, (item) => {
    const key = itemKey(item)
    if (item.before.length === 0 && !wanted.has(key)) return
    byKey.set(key, item)
    places.set(key, turnOf(item))
  })
  yield* forEachInSteps(byKey, ([key, { before }]) => {
    if (before.length > 0) pullAhead(key, byKey, places, 0)
  })
  return yield* gather(items, (item) => (places.size > 0 && places.get(itemKey(item))) || turnOf(item))
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

function* gather(items: readonly PlaceableItem[], placeOf: (item: PlaceableItem) => Place): Steps<PlacedWave[]> {
  const waves = new Map<string, PlacedWave & { place: Place }>()
  yield* forEachInSteps(items, (item) => {
    const place = placeOf(item)
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
