/**
 * A group-resource in Velero's spelling: `pods`, `deployments.apps`. It is the name of a folder in the
 * archive, the form that include and exclude lists are matched in, and the key of the priority lists.
 */
export type GroupResource = string

/** Splits `deployments.apps` into its plural and its group; the core group is the empty string. */
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

/** Where an item stands in the archive: the namespace is the one of the backed-up cluster. */
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

/** An item of the tarball below its resource's folder. */
interface ArchivedItem {
  namespace?: string | undefined
  name: string
  /** Absent for items outside of version folders. */
  version?: string | undefined
}

/** The id Velero prints in messages: `pods/shop/web-1`, or `persistentvolumes/pv-1`; the namespace is the target one. */
export function formatResourceId(groupResource: GroupResource, namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === ''
    ? `${groupResource}/${name}`
    : `${groupResource}/${namespace}/${name}`
}
