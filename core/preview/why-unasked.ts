import { formatGroupResource } from '../../velero/resource.ts'
import type { GroupResource, ResourceRef } from '../../velero/resource.ts'
import type { Plan } from '../plan/plan.ts'
import type { ApiError } from '../port-errors.ts'
import type { Finding } from '../items/outcome.ts'

/** Whether the restore itself would make an object. */
export type WouldMake = (groupResource: GroupResource, name: string, namespace?: string) => boolean

/** What other items may need: a plan of a million items has few of these. */
const needed = [
  'namespaces',
  'customresourcedefinitions.apiextensions.k8s.io',
  'priorityclasses.scheduling.k8s.io',
  'storageclasses.storage.k8s.io',
  'serviceaccounts',
]

/** What of that a plan would make, under the names that it has in the cluster. */
export function wouldMake({ waves }: Pick<Plan, 'waves'>): WouldMake {
  const places = new Set(
    waves
      .filter(({ groupResource }) => needed.includes(groupResource))
      .flatMap(({ groupResource, chunks }) =>
        chunks.flatMap(({ items }) =>
          items.map(({ name, target }) =>
            groupResource === 'namespaces'
              ? placeOf(groupResource, target ?? name, undefined)
              : placeOf(groupResource, name, target),
          ),
        ),
      ),
  )
  return (groupResource, name, namespace) => places.has(placeOf(groupResource, name, namespace))
}

function placeOf(groupResource: GroupResource, name: string, namespace: string | undefined): string {
  return `${groupResource}|${namespace ?? ''}|${name}`
}

/**
 * What a refused dry run says that the real write would not meet, since what is missing would be there by then, or since a
 * webhook does not take part in dry runs. Undefined for a refusal that the real write would get too.
 */
export function whyUnasked(
  refusal: Pick<ApiError, 'message'>,
  resource: ResourceRef,
  made: WouldMake,
): Pick<Finding, 'dependsOn' | 'unasked' | 'kindMissing'> | undefined {
  const { message } = refusal
  const webhook = /admission webhook "([^"]*)" does not support dry run/.exec(message)?.[1]
  if (webhook !== undefined) return { unasked: `admission webhook ${webhook} takes no part in dry runs` }
  const dependsOn = (groupResource: GroupResource, name: string, namespace?: string) => {
    const [kind = groupResource] = groupResource.split('.')
    const at = namespace === undefined ? name : `${namespace}/${name}`
    return made(groupResource, name, namespace) ? { dependsOn: `${kind} ${at}` } : undefined
  }
  if (message.startsWith('the server could not find the requested resource')) {
    const definition = formatGroupResource(resource.resource, resource.group)
    return dependsOn('customresourcedefinitions.apiextensions.k8s.io', definition) ?? { kindMissing: true }
  }
  const namespace = /^namespaces "([^"]*)" not found/.exec(message)?.[1]
  if (namespace !== undefined) return dependsOn('namespaces', namespace)
  const priority = /no PriorityClass with name (\S+) was found/.exec(message)?.[1]
  if (priority !== undefined) return dependsOn('priorityclasses.scheduling.k8s.io', priority)
  const account = /error looking up service account ([^/\s]+)\/([^:\s]+)/.exec(message)
  if (account !== null) return dependsOn('serviceaccounts', account[2] ?? '', account[1])
  const storage = /storageclass(?:es)?\.storage\.k8s\.io "([^"]*)" not found/.exec(message)?.[1]
  return storage === undefined ? undefined : dependsOn('storageclasses.storage.k8s.io', storage)
}
