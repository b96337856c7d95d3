import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import type { Archive, ArchiveEntry } from '../archive-port.ts'

/** The resources of which the archive has items. */
export function resourcesIn({ entries }: Archive): Set<GroupResource> {
  return new Set(entries.folders.map(({ groupResource }) => groupResource))
}

/** The items of one resource in the copy that is restored by default. */
export function* entriesOf({ entries }: Archive, groupResource: GroupResource): Generator<ArchiveEntry> {
  for (const folder of entries.folders) {
    if (folder.groupResource !== groupResource || folder.version !== undefined) continue
    for (let place = folder.from; place < folder.to; place++) {
      const entry = entries.at(place)
      if (entry !== undefined) yield entry
    }
  }
}

/** An item in the copy that is restored by default; undefined where the archive does not have it. */
export function entryOf(archive: Archive, item: ItemAddress): ArchiveEntry | undefined {
  return archive.entries.at(placeOfItem(archive, item))
}

/** The place of an item in the copy that is restored by default; -1 where the archive does not have it. */
export function placeOfItem({ entries }: Archive, item: ItemAddress | undefined): number {
  if (item === undefined) return -1
  const { groupResource, namespace, name } = item
  return entries.placeOf({ groupResource, name, ...(namespace === undefined ? {} : { namespace }) })
}
