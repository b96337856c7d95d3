import type { Chunk, PlannedItem } from './plan.ts'

/** The bounds of a chunk: small enough to be redone cheaply, large enough that the engine's cost per activity is nothing. */
export interface ChunkBounds {
  itemsMax: number
  bytesMax: number
}

/** Cuts items, in their order, into chunks. An item larger than the bound stands alone in its chunk. */
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
