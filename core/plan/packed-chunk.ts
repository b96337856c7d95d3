import type { Chunk, PlannedItem } from './plan.ts'

/** All of an item but its name: mostly the items of a chunk have it in common. */
type Place = Omit<PlannedItem, 'name'>

/**
 * The same chunk with its items in few texts: they are made anew each time when they are asked for. As values the items of a large
 * plan take several times as much memory, and a worker has them at hand as long as the restore goes on.
 */
export function packChunk({ items }: Chunk): Chunk {
  if (items.length === 0 || items.length > itemsMax || items.some(({ name }) => name.includes(separator)))
    return { items }
  const names = items.map(({ name }) => name).join(separator)
  const places: Place[] = []
  const known = new Map<string, number>()
  const placeOf = Uint16Array.from(items, ({ name: _name, ...place }) => {
    const text = JSON.stringify(place)
    const number = known.get(text) ?? places.push(place) - 1
    known.set(text, number)
    return number
  })
  return {
    get items(): readonly PlannedItem[] {
      return names.split(separator).map((name, index) => ({ ...places[placeOf[index] ?? 0], name }))
    },
  }
}

/** Packs a part of a plan that is a chunk; any other part stays as it is. */
export function packIfChunk(part: unknown): unknown {
  const items = (part as Partial<Chunk> | null)?.items
  return Array.isArray(items) ? packChunk({ items: items as PlannedItem[] }) : part
}

/** No file name holds it. */
const separator = '\0'

/** As many places as two bytes tell apart. */
const itemsMax = 0xffff
