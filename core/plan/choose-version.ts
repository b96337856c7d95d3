import { parseGroupResource } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'

/** A version folder of a resource in the archive. */
export interface ArchivedVersion {
  groupResource: GroupResource
  version: string
  /** The cluster of the backup preferred this version. */
  preferred: boolean
}

/** The versions of an API group that the cluster serves. */
export interface ServedGroup {
  group: string
  versions: readonly string[]
  preferred: string
}

/** The version folder from which the items of a resource are read. */
export interface ChosenVersion {
  version: string
  preferred: boolean
}

/** What decides about versions. */
export interface ChooseVersionsInput {
  /** All resources of the archive. */
  resources: Iterable<GroupResource>
  archived: Iterable<ArchivedVersion>
  served: readonly ServedGroup[]
  /** The user's priorities, see `parseVersionPriorities`. */
  priorities: ReadonlyMap<GroupResource, readonly string[]>
}

/**
 * Chooses the API version of each resource, if the backup has several (feature `EnableAPIGroupVersions`). The first of
 * these versions that exists is chosen:
 *
 * 1. the first one in the user's priorities that both backup and cluster have
 * 2. the cluster's preferred version, if the backup has it
 * 3. the backup's preferred version, if the cluster has it
 * 4. the newest one that both have; like Velero we do not consider the newest version of either side
 * 5. the backup's preferred version
 *
 * A resource without a version folder crashes Velero; here it is an error that names the resource.
 */
export function chooseVersions(input: ChooseVersionsInput): Map<GroupResource, ChosenVersion> | { error: string } {
  const archived = Map.groupBy(input.archived, ({ groupResource }) => groupResource)
  const chosen = new Map<GroupResource, ChosenVersion>()
  for (const groupResource of input.resources) {
    const folders = archived.get(groupResource) ?? []
    const { group } = parseGroupResource(groupResource)
    const served = input.served.find((one) => one.group === group)
    const version = chooseVersion(folders, served, input.priorities.get(groupResource) ?? [])
    if (version === undefined) return { error: `the backup holds ${groupResource} in no version that can be chosen` }
    const preferred = folders.some((folder) => folder.version === version && folder.preferred)
    chosen.set(groupResource, { version, preferred })
  }
  return chosen
}

function chooseVersion(
  folders: readonly ArchivedVersion[],
  served: ServedGroup | undefined,
  wanted: readonly string[],
): string | undefined {
  const ofBackup = folders.map(({ version }) => version).sort(newestFirst)
  const backupPreferred = folders.find(({ preferred }) => preferred)?.version
  if (!served || served.versions.length === 0) return backupPreferred
  const ofCluster = [...served.versions].sort(newestFirst)
  const candidates = [
    wanted.find((version) => ofCluster.includes(version) && ofBackup.includes(version)),
    ofBackup.includes(served.preferred) ? served.preferred : undefined,
    backupPreferred !== undefined && ofCluster.includes(backupPreferred) ? backupPreferred : undefined,
    ofCluster.slice(1).find((version) => ofBackup.slice(1).includes(version)),
    backupPreferred,
  ]
  return candidates.find((version) => version !== undefined)
}

/**
 * Reads the user's priorities: key `restoreResourcesVersionPriority` of ConfigMap `enableapigroupversions`, with one
 * line per resource such as `rockbands.music.example.io=v2beta1,v2`. Spaces are removed, other lines are ignored.
 */
export function parseVersionPriorities(text: string): Map<GroupResource, string[]> {
  const lines = text.split('\n').map((line) => line.replaceAll(' ', ''))
  const pairs = lines
    .map((line) => line.split('='))
    .filter((parts) => parts.length === 2 && parts.every((part) => part !== ''))
  return new Map(pairs.map(([resource = '', versions = '']) => [resource, versions.split(',')]))
}

/** Sorts stable versions before beta before alpha, newer before older, and version names of another form last. */
function newestFirst(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)]
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : Number(a > b)
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor
}

function parseVersion(version: string): { stage: number; major: number; minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (!match) return undefined
  const stage = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0
  return { stage, major: Number(match[1]), minor: Number(match[3] ?? 0) }
}
