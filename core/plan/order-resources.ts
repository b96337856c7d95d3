import { highPriorities, lowPriorities } from '../../velero/defaults.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { ResolveResource } from '../filter/includes-excludes.ts'

/** The resources that are restored first and last. All others are between them, sorted by name. */
export interface Priorities {
  high: readonly GroupResource[]
  low: readonly GroupResource[]
}

/** CustomResourceDefinitions are always first: without them their custom resources cannot be restored. */
const definitions: GroupResource = 'customresourcedefinitions'

/**
 * The resources of an archive in the order in which they are restored: CustomResourceDefinitions, high priorities, the
 * others by name, low priorities. The priorities may contain short names (`po`). A resource that occurs twice keeps its
 * first place. A resource that the cluster does not know is kept too, because an action may change the kind of its
 * items.
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
 * Reads `--restore-resource-priorities`: resources separated by commas, where `-` alone separates high from low
 * priorities. An empty part keeps its default, so a list without `-` replaces only the high priorities.
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
