import { chooseVersions, parseVersionPriorities } from '../../core/plan/choose-version.ts'
import type { ChosenVersion, ServedGroup } from '../../core/plan/choose-version.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { Archive } from '../archive-port.ts'
import { resourcesIn } from '../frame/archive-entries.ts'
import type { DiscoveredResource, Ports } from '../ports.ts'
import type { Session } from '../frame/session.ts'
import type { Settings } from '../settings.ts'

/** The format from which backups hold several versions; compared as text, as Velero does. */
const formatWithVersions = '1.1.0'

/**
 * Which version folder each resource is read from, with the feature `EnableAPIGroupVersions` and a backup that has such
 * folders; else none is chosen and the unversioned copies are read. Source: pkg/restore/prioritize_group_version.go.
 */
export async function versionsOf(
  { session, archive, resources }: { session: Session; archive: Archive; resources: readonly DiscoveredResource[] },
  { cluster }: Pick<Ports, 'cluster'>,
  settings: Settings,
): Promise<ReadonlyMap<GroupResource, ChosenVersion> | { error: string }> {
  const format = session.admission.backup.status?.formatVersion ?? ''
  if (!settings.features.includes('EnableAPIGroupVersions') || format < formatWithVersions) return new Map()
  const archived = new Map<string, { groupResource: string; version: string; preferred: boolean }>()
  for (const { groupResource, version, preferred = false } of archive.entries.folders) {
    if (version !== undefined) archived.set(`${groupResource}|${version}`, { groupResource, version, preferred })
  }
  const priorities = await cluster.get({
    group: '',
    version: 'v1',
    resource: 'configmaps',
    namespace: settings.veleroNamespace,
    name: 'enableapigroupversions',
  })
  const text = (priorities?.['data'] as Record<string, string> | undefined)?.['restoreResourcesVersionPriority'] ?? ''
  return chooseVersions({
    resources: resourcesIn(archive),
    archived: archived.values(),
    served: servedGroups(resources),
    priorities: parseVersionPriorities(text),
  })
}

function servedGroups(resources: readonly DiscoveredResource[]): ServedGroup[] {
  return [...Map.groupBy(resources, (resource) => resource.group)].map(([group, ones]) => ({
    group,
    versions: [...new Set(ones.map((one) => one.version))],
    preferred: ones.find((one) => one.preferred)?.version ?? ones[0]?.version ?? '',
  }))
}
