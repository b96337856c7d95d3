import { highPriorities, lowPriorities } from '../../velero/defaults.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { ResolveResource } from '../filter/includes-excludes.ts'

/** What comes first and what last; between them stands the rest of the archive. */
export interface Priorities {
  high: readonly GroupResource[]
  low: readonly GroupResource[]
}

/** Without definitions the custom resources behind them cannot be restored, whatever the priorities say. */
const definitions: GroupResource = 'customresourcedefinitions'

/**
 * The resources of an archive in the order of their restore: definitions of custom resources, high priorities, the
 * rest by name, low priorities. Names in the priorities may be short (`po`): a resource that two names resolve to
 * comes once, at its first place. A name that the cluster does not know is kept as it is, for an action may turn its
 * items into something the cluster knows.
 */
export function orderResources(input: {
  inArchive: Iterable<GroupResource>
  priorities: Priorities
  resolve: ResolveResource
}): GroupResource[] {
  const { priorities, resolve } = input
  const inArchive = new Set(input.inArchive)
  const prioritised = new Set([...priorities.high, ...priorities.low])
  const rest = [...inArchive].filter((name) => !prioritised.has(name)).sort()
  const wanted = [definitions, ...priorities.high, ...rest, ...priorities.low]
  return [...new Set(wanted.map((name) => resolve(name) ?? name))].filter((name) => inArchive.has(name))
}

/**
 * Reads `--restore-resource-priorities`: a list with commas in which a lone `-` parts high from low. A side that is
 * not given keeps its default, so a list without `-` replaces only the high priorities.
 */
export function parsePriorities(
  flag: string,
  defaults: Priorities = { high: highPriorities, low: lowPriorities },
): Priorities | { error: string } {
  if (flag === '') return defaults
  const names = flag.split(',')
  const separator = names.indexOf('-')
  if (separator < 0) return { high: names, low: defaults.low }
  if (names.lastIndexOf('-') !== separator) return { error: 'multiple priority separator "-" found' }
  const high = names.slice(0, separator)
  const low = names.slice(separator + 1)
  return { high: high.length > 0 ? high : defaults.high, low: low.length > 0 ? low : defaults.low }
}
