import type { Log } from '../../activities/ports.ts'
import { listArchives, removeArchive } from './cache-folder.ts'

export interface Eviction {
  dir: string
  cacheBytesMax: number
  log: Log
  /** Whether that archive may be removed. */
  claim: (id: string) => boolean
}

/**
 * Removes archives until the rest fits the bound, those first that were unused for the longest time. One that exceeds
 * the bound by itself stays while it is the last one used: its restore would download it again for every chunk.
 */
export async function evictArchives({ dir, cacheBytesMax, log, claim }: Eviction): Promise<void> {
  const archives = await listArchives(dir)
  let total = archives.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (total <= cacheBytesMax) return
  const newest = archives.at(-1)
  for (const { id, sizeBytes } of archives) {
    if (total <= cacheBytesMax) return
    if (id === newest?.id && sizeBytes > cacheBytesMax) {
      log.warn('one archive alone exceeds cacheBytesMax; raise it', { sizeBytes, cacheBytesMax })
      return
    }
    if (!claim(id)) continue
    await removeArchive(dir, id)
    total -= sizeBytes
  }
}
