import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import { itemKey } from '../items/outcome.ts'

/** An item that the plan will restore, and which items it wants restored before itself. */
export interface PlaceableItem extends ItemAddress {
  version?: string
  additional?: true
  /** Keys of items that come first, see `itemKey`. Those that are not among the items are no concern here. */
  before: readonly string[]
}

/** Items of one resource that are restored together. */
export interface PlacedWave {
  groupResource: GroupResource
  items: PlaceableItem[]
}

/** How deep additional items may pull in further ones; a chain longer than this is a cycle in the backup. */
const depthMax = 32

/** Where an item stands: at its resource's turn, or some steps ahead of another resource's turn. */
interface Place {
  turn: number
  ahead: number
}

/**
 * Puts items into waves in the order of resources, each item in exactly one (rule 11). An additional item whose own
 * resource would come too late goes into a wave of its own just before the one of its parent, and what it wants itself
 * before that one. Everything else stays at its resource's turn.
 */
export function placeItems(items: readonly PlaceableItem[], order: readonly GroupResource[]): PlacedWave[] {
  const turns = new Map(order.map((groupResource, turn) => [groupResource, turn]))
  const byKey = new Map(items.map((item) => [itemKey(item), item]))
  const places = new Map<string, Place>()
  for (const [key, item] of byKey) places.set(key, { turn: turns.get(item.groupResource) ?? order.length, ahead: 0 })
  for (const key of byKey.keys()) pullAhead(key, byKey, places, 0)
  return gather(byKey, places)
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

function gather(byKey: ReadonlyMap<string, PlaceableItem>, places: ReadonlyMap<string, Place>): PlacedWave[] {
  const waves = new Map<string, PlacedWave & { place: Place }>()
  for (const [key, item] of byKey) {
    const place = places.get(key) ?? { turn: 0, ahead: 0 }
    const waveKey = `${place.turn}|${place.ahead}|${item.groupResource}`
    const wave = waves.get(waveKey)
    if (wave === undefined) waves.set(waveKey, { groupResource: item.groupResource, items: [item], place })
    else wave.items.push(item)
  }
  return [...waves.values()]
    .sort(
      (a, b) =>
        a.place.turn - b.place.turn || b.place.ahead - a.place.ahead || (a.groupResource < b.groupResource ? -1 : 1),
    )
    .map(({ groupResource, items }) => ({ groupResource, items }))
}
