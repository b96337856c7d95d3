import type { DiscoveredResource, Log } from '../../activities/ports.ts'
import { parseApiVersion } from '../../velero/resource.ts'

/** Reads a path of the API server, in one of the accepted media types. */
type Send = (request: { method: 'GET'; path: string; accept?: string }) => Promise<unknown>

/**
 * Reads which resources the cluster serves: two requests where the server aggregates discovery, one per group and
 * version elsewhere. A group whose own server is away is left out with a warning, as Velero does: a broken metrics
 * server must not stop a restore. Who must not overlook such a group is told its name by `unread`.
 */
export async function discoverResources(
  send: Send,
  log: Log,
  unread: (group: string) => void = () => undefined,
): Promise<DiscoveredResource[]> {
  const leaveOut: LeaveOut = ({ group, version }, error) => {
    unread(group)
    const why = error === undefined ? {} : { error }
    log.warn('a group of the API is not available and left out', { group, version, ...why })
  }
  const [core, groups] = await Promise.all([
    discoverRoot(send, leaveOut, '/api'),
    discoverRoot(send, leaveOut, '/apis'),
  ])
  return [...core, ...groups]
}

type LeaveOut = (place: { group: string; version: string }, error?: string) => void

const aggregatedAccept = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',')

async function discoverRoot(send: Send, leaveOut: LeaveOut, root: '/api' | '/apis'): Promise<DiscoveredResource[]> {
  const answer = (await send({ method: 'GET', path: root, accept: aggregatedAccept })) as RootAnswer
  if (answer.kind === 'APIGroupDiscoveryList') {
    return (answer.items ?? []).flatMap((group) => readGroup(group, leaveOut))
  }
  const versions = legacyVersions(root, answer)
  const lists = await Promise.all(versions.map((version) => discoverLegacy(send, leaveOut, version)))
  return lists.flat()
}

type RootAnswer =
  | { kind: 'APIGroupDiscoveryList'; items?: GroupDiscovery[] }
  | { kind: 'APIVersions'; versions?: string[] }
  | { kind: 'APIGroupList'; groups?: LegacyGroup[] }

interface GroupDiscovery {
  metadata?: { name?: string }
  versions?: VersionDiscovery[]
}

interface VersionDiscovery {
  version: string
  freshness?: string
  resources?: ResourceDiscovery[]
}

interface ResourceDiscovery {
  resource: string
  responseKind?: { kind?: string }
  scope?: string
  singularResource?: string
  shortNames?: string[]
  verbs?: string[]
  subresources?: { subresource: string }[]
}

function readGroup(group: GroupDiscovery, leaveOut: LeaveOut): DiscoveredResource[] {
  const name = group.metadata?.name ?? ''
  return (group.versions ?? []).flatMap((version, index) => {
    if (version.freshness === 'Stale') {
      leaveOut({ group: name, version: version.version })
      return []
    }
    const place = { group: name, version: version.version, preferred: index === 0 }
    return (version.resources ?? []).map((resource) => readResource(resource, place))
  })
}

interface Place {
  group: string
  version: string
  preferred: boolean
}

function readResource(resource: ResourceDiscovery, place: Place): DiscoveredResource {
  const kind = resource.responseKind?.kind ?? ''
  return {
    ...place,
    resource: resource.resource,
    kind,
    namespaced: resource.scope === 'Namespaced',
    singular: orLowerKind(resource.singularResource, kind),
    shortNames: resource.shortNames ?? [],
    verbs: resource.verbs ?? [],
    hasStatus: (resource.subresources ?? []).some(({ subresource }) => subresource === 'status'),
  }
}

function orLowerKind(singular: string | undefined, kind: string): string {
  return singular === undefined || singular === '' ? kind.toLowerCase() : singular
}

interface LegacyGroup {
  versions?: { groupVersion: string }[]
  preferredVersion?: { groupVersion?: string }
}

interface LegacyVersion {
  path: string
  place: Place
}

function legacyVersions(root: string, answer: RootAnswer): LegacyVersion[] {
  switch (answer.kind) {
    case 'APIGroupDiscoveryList':
      return []
    case 'APIVersions':
      return (answer.versions ?? []).map((version, index) => ({
        path: `${root}/${version}`,
        place: { group: '', version, preferred: index === 0 },
      }))
    case 'APIGroupList':
      return (answer.groups ?? []).flatMap((group) => versionsOfGroup(root, group))
  }
}

function versionsOfGroup(root: string, group: LegacyGroup): LegacyVersion[] {
  const versions = group.versions ?? []
  const preferred = group.preferredVersion?.groupVersion ?? versions[0]?.groupVersion
  return versions.map(({ groupVersion }) => ({
    path: `${root}/${groupVersion}`,
    place: { ...parseApiVersion(groupVersion), preferred: groupVersion === preferred },
  }))
}

interface LegacyList {
  resources?: LegacyResource[]
}

interface LegacyResource {
  name: string
  singularName?: string
  namespaced?: boolean
  kind?: string
  verbs?: string[]
  shortNames?: string[]
}

async function discoverLegacy(send: Send, leaveOut: LeaveOut, version: LegacyVersion): Promise<DiscoveredResource[]> {
  let list: LegacyList
  try {
    list = (await send({ method: 'GET', path: version.path })) as LegacyList
  } catch (error) {
    if (version.place.group === '') throw error
    leaveOut(version.place, String(error))
    return []
  }
  const resources = list.resources ?? []
  const names = new Set(resources.map(({ name }) => name))
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map((resource) => ({
      ...version.place,
      resource: resource.name,
      kind: resource.kind ?? '',
      namespaced: resource.namespaced === true,
      singular: orLowerKind(resource.singularName, resource.kind ?? ''),
      shortNames: resource.shortNames ?? [],
      verbs: resource.verbs ?? [],
      hasStatus: names.has(`${resource.name}/status`),
    }))
}
