import { formatGroupResource, parseGroupResource } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'

/** One resource at one version from the API server's discovery. The versions of a group are in the server's order. */
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
 * Resolves a user's word for a resource: a short name (`po`), a singular or a plural, alone or with a group or the
 * beginning of a group (`deployments.ap`). Undefined if the cluster knows no such resource, or none that can be
 * restored; Velero then uses the word unchanged.
 *
 * If several groups serve the word, the core group wins, then the first group in the server's order, as in Kubernetes'
 * own REST mapper. A complete group name has no advantage over a longer one with the same beginning.
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

/** The plural for a short name. If several groups use it, one of exactly the given group wins, then the first. */
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

/** The preferred version in the first group. Undefined if two resources of that group and version match. */
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
