/**
 * A resource with its group in Velero's spelling: `pods`, `deployments.apps`. It names a folder in the archive, and
 * the lists of includes, excludes and priorities hold such names.
 */
export type GroupResource = string

/** Namespaces, as the API server is asked for them. */
export const namespaceResource = { group: '', version: 'v1', resource: 'namespaces' } as const

/** Splits `deployments.apps` into plural and group. The core group is the empty string. */
export function parseGroupResource(groupResource: GroupResource): { resource: string; group: string } {
  const dot = groupResource.indexOf('.')
  if (dot < 0) return { resource: groupResource, group: '' }
  return { resource: groupResource.slice(0, dot), group: groupResource.slice(dot + 1) }
}

/** The inverse of {@link parseGroupResource}. */
export function formatGroupResource(resource: string, group: string): GroupResource {
  return group === '' ? resource : `${resource}.${group}`
}

/** The API group and version in an `apiVersion`: `apps/v1` or, for the core group, `v1`. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/')
  if (slash < 0) return { group: '', version: apiVersion }
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) }
}

/** A resource of the API server at one version, enough to build its path. */
export interface ResourceRef {
  group: string
  version: string
  resource: string
}

/** One object of the API server. A cluster-scoped one has no namespace. */
export interface ObjectRef extends ResourceRef {
  namespace?: string
  name: string
}

/** An item of the archive, by its namespace and name in the backup. A cluster-scoped one has no namespace. */
export interface ItemAddress {
  groupResource: GroupResource
  namespace?: string
  name: string
}

/** The path of an item in the tarball, as Velero's messages name it: `resources/pods/namespaces/shop/web-1.json`. */
export function itemPath(groupResource: GroupResource, item: ArchivedItem): string {
  const version = item.version === undefined ? '' : `${item.version}/`
  const scope = item.namespace === undefined ? 'cluster' : `namespaces/${item.namespace}`
  return `resources/${groupResource}/${version}${scope}/${item.name}.json`
}

/** The part of an item's path below the folder of its resource. */
interface ArchivedItem {
  namespace?: string | undefined
  name: string
  /** Absent for items outside of version folders. */
  version?: string | undefined
}

/**
 * The id of an object in Velero's messages: `pods/shop/web-1` with the target namespace, or `persistentvolumes/pv-1`.
 */
export function formatResourceId(groupResource: GroupResource, namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === ''
    ? `${groupResource}/${name}`
    : `${groupResource}/${namespace}/${name}`
}
