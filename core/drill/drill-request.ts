/** What a drill does each time. It is the input of its workflow, and stands in its Temporal Schedule. */
export interface DrillRequest {
  name: string
  /** Velero's namespace. */
  namespace: string
  /** The uid of namespace `kube-system` of the cluster (rule 3). */
  cluster: string
  /** A Velero Schedule, of which the newest completed backup is restored, or one backup. */
  from: { schedule: string } | { backup: string }
  /** What the names of the scratch namespaces begin with; the name of the backup's namespace follows. */
  prefix: string
  /** Whether workloads start. */
  replicas: 'zero' | 'as-backed-up'
  /** Whether the restored objects are looked at once more. */
  validate: boolean
  /** How many reports are kept. */
  keep: number
  /** How long the restore may take. */
  deadlineSeconds: number
  /** Namespaces of the backup that are restored; absent for all. */
  includedNamespaces?: readonly string[]
  /** Namespaces of the backup that are not restored. */
  excludedNamespaces?: readonly string[]
  /** Resources that are not restored, beside those that take names. */
  excludedResources?: readonly string[]
}

/** A label value and a name of Kubernetes have room for so much; a Restore's name has the time of the drill after it. */
export const drillNameMax = 40
/** Reports that may be kept. */
export const keptMax = 100
/** What a drill may take at most. */
export const deadlineSecondsMax = 7 * 86_400
/** The longest name of a namespace. */
const namespaceNameMax = 63
/** Namespaces that one drill may restore. */
const namespacesMax = 100

const dnsLabel = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/
const dnsBeginning = /^[a-z0-9][a-z0-9-]*$/

/** What is wrong with a drill, a sentence each; empty where it can be done. */
export function drillFaults({ name, prefix, keep, deadlineSeconds }: DrillRequest): string[] {
  const isWhole = (value: number, min: number, max: number) => Number.isInteger(value) && value >= min && value <= max
  return [
    ...(dnsLabel.test(name) && name.length <= drillNameMax
      ? []
      : [
          `the name of a drill may have ${drillNameMax} lower-case letters, digits and hyphens: ${quoted(name)} is none`,
        ]),
    ...(dnsBeginning.test(prefix) && prefix.length < namespaceNameMax
      ? []
      : [
          `what the scratch namespaces begin with may have lower-case letters, digits and hyphens, such as "scratch-": ${quoted(prefix)} is none`,
        ]),
    ...(isWhole(keep, 1, keptMax) ? [] : [`a drill keeps 1 to ${keptMax} reports`]),
    ...(isWhole(deadlineSeconds, 60, deadlineSecondsMax) ? [] : ['the restore of a drill may take a minute to a week']),
  ]
}

/**
 * The scratch namespace of each namespace of a backup that is wanted, or why there can be none. Those that have the prefix already are
 * wanted only by name: they are of a drill that ran during the backup.
 */
export function scratchMapping(
  { prefix, includedNamespaces, excludedNamespaces }: DrillRequest,
  all: readonly string[],
): { mapping: Record<string, string> } | { fault: string } {
  const missing = includedNamespaces?.find((name) => !all.includes(name))
  if (missing !== undefined) return { fault: `the backup has no namespace ${missing}` }
  const wanted = includedNamespaces ?? all.filter((name) => !name.startsWith(prefix))
  const namespaces = wanted.filter((name) => excludedNamespaces?.includes(name) !== true)
  if (namespaces.length === 0) return { fault: 'the backup has no namespace to restore' }
  if (namespaces.length > namespacesMax)
    return { fault: `the backup has ${namespaces.length} namespaces, and a drill may restore ${namespacesMax}` }
  const long = namespaces.find((name) => prefix.length + name.length > namespaceNameMax)
  if (long !== undefined)
    return {
      fault: `namespace ${prefix}${long} would have a name of more than ${namespaceNameMax} characters: give the drill a shorter prefix`,
    }
  return { mapping: Object.fromEntries(namespaces.map((name) => [name, `${prefix}${name}`])) }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
