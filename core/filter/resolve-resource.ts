import { formatGroupResource, parseGroupResource } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'

/** One resource at one version, as discovery tells it; versions of a group stand in the server's order. */
export interface ServedResource {
  group: string
  version: string
  resource: string
  singular: string
  shortNames: readonly string[]
  verbs: readonly string[]
  preferred: boolean
}

/**
 * What a user's word for a resource means in this cluster: a short name (`po`), singular, plural, each alone or with a
 * group or the beginning of one (`deployments.ap`). Undefined where it means nothing, or nothing that can be restored;
 * Velero then goes on with the word as it stands.
 *
 * Several groups may serve the word. As in Kubernetes' own mapper the core group wins, then the order in which the
 * server lists its groups; a full group name has no advantage over a longer one that begins with it.
 */
export function resolveResource(name: string, resources: readonly ServedResource[]): GroupResource | undefined {
  const served = resources.filter(({ resource }) => !resource.includes('/'))
  const asked = parseGroupResource(name)
  const word = expandShortName(asked, served).toLowerCase()
  const matches = served.filter(
    (one) => one.group.startsWith(asked.group) && (one.resource === word || one.singular === word),
  )
  const found = pickOne(matches)
  return found !== undefined && isRestorable(found) ? formatGroupResource(found.resource, found.group) : undefined
}

interface AskedResource {
  resource: string
  group: string
}

/** The plural of a short name; among equal ones of several groups the first, one of exactly that group before others. */
function expandShortName(asked: AskedResource, served: readonly ServedResource[]): string {
  const named = extensionsLast(served.filter((one) => isRestorable(one) && one.shortNames.includes(asked.resource)))
  const exact = named.find(({ group }) => asked.group === '' || group === asked.group)
  const chosen = exact ?? named.find(({ group }) => group.startsWith(asked.group))
  return chosen?.resource ?? asked.resource
}

function extensionsLast(resources: readonly ServedResource[]): ServedResource[] {
  return [
    ...resources.filter(({ group }) => group !== 'extensions'),
    ...resources.filter(({ group }) => group === 'extensions'),
  ]
}

/** The first group, in it the preferred version before the others; two resources at that very place name none. */
function pickOne(matches: readonly ServedResource[]): ServedResource | undefined {
  const first = matches.find(({ group }) => group === '') ?? matches[0]
  if (first === undefined) return undefined
  const ofGroup = matches.filter(({ group }) => group === first.group)
  const best = ofGroup.find(({ preferred }) => preferred) ?? first
  const rivals = ofGroup.filter(({ version }) => version === best.version)
  return rivals.length === 1 ? best : undefined
}

const neededVerbs = ['list', 'create', 'get', 'delete']

function isRestorable(resource: ServedResource): boolean {
  return neededVerbs.every((verb) => resource.verbs.includes(verb))
}
