import { ApiError, isTransient } from '../../core/port-errors.ts'
import { leftInside, whyItStays } from '../../core/undo/left-inside.ts'
import type { Inside } from '../../core/undo/left-inside.ts'
import type { UndoStep } from '../../core/undo/undo-step.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import { parseGroupResource } from '../../velero/resource.ts'
import { inFlight } from '../frame/in-flight.ts'
import { oneVersionEach } from '../frame/served-kinds.ts'
import type { Cluster, DiscoveredResource } from '../ports.ts'

/** What an API server serves, and the groups of which it cannot say that. */
interface Served {
  kinds: readonly DiscoveredResource[]
  unread: readonly string[]
}

/** Everything that stands in a namespace, or is of a kind; or why nobody can say that. */
type Contents = { found: Inside[] } | { unknown: string }

/** Whether an object holds others, which go with it. */
function holdsOthers({ group, resource }: Pick<ObjectRef, 'group' | 'resource'>): boolean {
  return isNamespace({ group, resource }) || (group === definitions.group && resource === definitions.resource)
}

const definitions = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' }

function isNamespace({ group, resource }: Pick<ObjectRef, 'group' | 'resource'>): boolean {
  return group === '' && resource === 'namespaces'
}

/**
 * Looks what is left in a namespace, or of a kind, that is to be deleted, and keeps it where the restore has not created all of it, or
 * where nobody can say so. `deleted` has the uids of the objects that the undo deletes; it is asked once. Other objects are deleted
 * without a look, and of one that is gone or on its way out there is nothing to decide.
 */
export function createLeftLook(cluster: Cluster, deleted: () => Promise<ReadonlySet<string>>) {
  const contentsOf = createContents(cluster)
  let uids: Promise<ReadonlySet<string>> | undefined
  return async (step: UndoStep, live: Manifest | undefined): Promise<UndoStep> => {
    if (step.do !== 'delete' || !holdsOthers(step.object)) return step
    if (live?.metadata.uid !== step.object.uid || live.metadata.deletionTimestamp !== undefined) return step
    const contents = await contentsOf(step.object)
    const because =
      'unknown' in contents
        ? `nobody can say what is left inside: ${contents.unknown}`
        : whyItStays(leftInside(contents.found, await (uids ??= deleted())))
    return because === undefined ? step : { ...step, do: 'keep', because }
  }
}

/** Kinds of a namespace that are listed at once: a cluster may serve hundreds, and many namespaces are looked into side by side. */
const kindsAtOnce = 16

/** Reads what stands in namespaces and of kinds. Discovery is asked once. Throws where the API server is away for a moment. */
function createContents(cluster: Cluster): (object: ObjectRef) => Promise<Contents> {
  let asked: Promise<Served> | undefined
  return async (object) => {
    const served = await (asked ??= readServed(cluster))
    const looked = isNamespace(object) ? inNamespaces(served) : ofKind(served, object.name)
    if ('unknown' in looked) return looked
    const within = isNamespace(object) ? { namespace: object.name } : {}
    try {
      const lists = await inFlight(looked.kinds, kindsAtOnce, (kind) => listInside(cluster, kind, within))
      return { found: lists.flat() }
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || isTransient(thrown)) throw thrown
      return { unknown: thrown.message.slice(0, 200) }
    }
  }
}

async function readServed(cluster: Cluster): Promise<Served> {
  const unread = new Set<string>()
  const served = await cluster.discover((group) => unread.add(group))
  return { kinds: [...oneVersionEach(served).values()], unread: [...unread].toSorted() }
}

type Looked = { kinds: readonly DiscoveredResource[] } | { unknown: string }

/** The kinds that live in namespaces and can be listed. */
function inNamespaces({ kinds, unread }: Served): Looked {
  if (unread.length > 0)
    return { unknown: `the API server does not answer for ${unread.join(', ').slice(0, 200)}; see to its APIService` }
  return {
    kinds: kinds.filter(
      ({ namespaced, verbs, resource }) =>
        namespaced && verbs.includes('list') && verbs.includes('delete') && !resource.includes('/'),
    ),
  }
}

/** The kind of a definition. A definition that is not served may still have objects in the storage of the cluster. */
function ofKind({ kinds }: Served, definition: string): Looked {
  const { resource, group } = parseGroupResource(definition)
  const found = kinds.find((one) => one.resource === resource && one.group === group && one.verbs.includes('list'))
  return found === undefined ? { unknown: `the API server does not serve ${definition}` } : { kinds: [found] }
}

/** A kind that cannot be listed after all is no reason to look away: that is thrown too. */
async function listInside(
  cluster: Cluster,
  { group, version, resource }: DiscoveredResource,
  within: { namespace?: string },
): Promise<Inside[]> {
  const listed = await cluster.list({ group, version, resource }, { ...within, metadataOnly: true })
  return listed.map((manifest) => ({ group, resource, manifest }))
}
