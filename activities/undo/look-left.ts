import { ApiError, isTransient } from '../../core/port-errors.ts'
import { leftInside, whyItStays } from '../../core/undo/left-inside.ts'
import type { Inside } from '../../core/undo/left-inside.ts'
import type { UndoStep } from '../../core/undo/undo-step.ts'
import { parseGroupResource } from '../../velero/resource.ts'
import type { Cluster, DiscoveredResource } from '../ports.ts'

/**
 * Looks what is left in a namespace, or of a kind, that is to be deleted, and keeps it where the restore has not created all of it.
 * `deleted` has the uids of the objects that the undo deletes. Other objects are deleted without a look.
 */
export function createLeftLook(cluster: Cluster, deleted: () => Promise<ReadonlySet<string>>) {
  let kinds: Promise<DiscoveredResource[]> | undefined
  return async (step: UndoStep): Promise<UndoStep> => {
    const { group, resource, name } = step.object
    const isNamespace = group === '' && resource === 'namespaces'
    const isDefinition = group === 'apiextensions.k8s.io' && resource === 'customresourcedefinitions'
    if (step.do !== 'delete' || (!isNamespace && !isDefinition)) return step
    const served = await (kinds ??= cluster.discover())
    const looked = isNamespace ? inNamespaces(served) : ofKind(served, name)
    try {
      const found = await Promise.all(looked.map((kind) => listInside(cluster, kind, isNamespace ? name : undefined)))
      const because = whyItStays(leftInside(found.flat(), await deleted()))
      return because === undefined ? step : { ...step, do: 'keep', because }
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || isTransient(thrown)) throw thrown
      return { ...step, do: 'keep', because: `nobody can say what is left inside: ${thrown.message.slice(0, 200)}` }
    }
  }
}

/** The kinds that live in namespaces and can be listed, each at one version. */
function inNamespaces(served: readonly DiscoveredResource[]): DiscoveredResource[] {
  return served.filter(
    ({ namespaced, preferred, verbs, resource }) =>
      namespaced && preferred && verbs.includes('list') && verbs.includes('delete') && !resource.includes('/'),
  )
}

function ofKind(served: readonly DiscoveredResource[], definition: string): DiscoveredResource[] {
  const { resource, group } = parseGroupResource(definition)
  const [kind] = served.filter((one) => one.resource === resource && one.group === group && one.verbs.includes('list'))
  return kind === undefined ? [] : [kind]
}

/** A kind that is not served any more has nothing left. */
async function listInside(cluster: Cluster, kind: DiscoveredResource, namespace?: string): Promise<Inside[]> {
  const { group, version, resource } = kind
  const within = namespace === undefined ? {} : { namespace }
  try {
    const listed = await cluster.list({ group, version, resource }, { ...within, metadataOnly: true })
    return listed.map((manifest) => ({ group, resource, manifest }))
  } catch (thrown) {
    if (thrown instanceof ApiError && (thrown.code === 404 || thrown.code === 405)) return []
    throw thrown
  }
}
