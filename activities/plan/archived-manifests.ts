import { definitions } from '../../core/plan/make-plan.ts'
import { snapshotClasses } from '../../core/plan/planned-facts.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatGroupResource } from '../../velero/resource.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import type { Archive } from '../archive-port.ts'
import { entriesOf } from '../frame/archive-entries.ts'
import type { DiscoveredResource } from '../ports.ts'

/** The definitions in the backup of those of its resources that the cluster does not serve yet. */
export async function readDefinitions(
  archive: Archive,
  inArchive: ReadonlySet<GroupResource>,
  resources: readonly DiscoveredResource[],
): Promise<Manifest[]> {
  const served = new Set(resources.map(({ resource, group }) => formatGroupResource(resource, group)))
  return readManifests(archive, definitions, (name) => inArchive.has(name) && !served.has(name))
}

/** The classes of volume snapshots among the items that are restored. */
export async function readSnapshotClasses(archive: Archive, items: readonly ItemAddress[]): Promise<Manifest[]> {
  const wanted = new Set(items.filter((item) => item.groupResource === snapshotClasses).map((item) => item.name))
  return readManifests(archive, snapshotClasses, (name) => wanted.has(name))
}

async function readManifests(
  archive: Archive,
  groupResource: GroupResource,
  isWanted: (name: string) => boolean,
): Promise<Manifest[]> {
  const entries = [...entriesOf(archive, groupResource)].filter((entry) => isWanted(entry.name))
  return (await Promise.all(entries.map(async (entry) => readable(await archive.read(entry))))).flat()
}

/** One that cannot be read is left out here: it becomes an error where it is restored. */
function readable(text: string): Manifest[] {
  try {
    const manifest = parseJson(text) as Partial<Manifest> | null
    return typeof manifest?.metadata?.name === 'string' ? [manifest as Manifest] : []
  } catch {
    return []
  }
}
