import type { Difference } from './differences.ts'
import type { CaseFile } from './golden-case.ts'

/** A difference that may be there, and why. */
export interface Tolerated {
  /** The path with `*` for any one part, and `*` inside a part for any text. */
  path: string
  reason: string
  /** Narrows it down to the values that the reason explains. */
  when?: (difference: Difference, golden: CaseFile) => boolean
}

/** The reviewed list: nothing else may differ between Velero v1.18.3 and Drydock. */
export const tolerated: readonly Tolerated[] = [
  {
    path: 'cluster services|*|* spec clusterIP',
    reason: 'allocated by the API server at random',
    when: bothAddresses,
  },
  {
    path: 'cluster services|*|* spec clusterIPs 0',
    reason: 'allocated by the API server at random',
    when: bothAddresses,
  },
  {
    path: 'cluster services|*|* spec ports * nodePort',
    reason: 'allocated by the API server at random where it is not preserved',
    when: (difference, golden) => golden.spec.preserveNodePorts !== true && bothNodePorts(difference),
  },
  {
    path: 'cluster services|*|* spec healthCheckNodePort',
    reason: 'allocated by the API server at random where it is not preserved',
    when: (difference, golden) => golden.spec.preserveNodePorts !== true && bothNodePorts(difference),
  },
  { path: 'cluster services|default|kubernetes spec ports * targetPort', reason: 'the port of this API server' },
  {
    path: 'cluster configmaps|kube-system|kube-apiserver-legacy-service-account-token-tracking data since',
    reason: 'the day on which this API server first started',
  },
  { path: 'cluster * status conditions * lastTransitionTime', reason: 'when it happened', when: bothTimes },
  { path: 'cluster persistentvolumes|* status lastPhaseTransitionTime', reason: 'when it happened', when: bothTimes },
  {
    path: 'cluster * _managers *',
    reason: 'Drydock signs its writes with the uid of the Restore, to know them again (rule 5)',
    when: ({ expected, actual }) =>
      typeof expected === 'string' &&
      /^velero(-[^:]*)?:/.test(expected) &&
      actual === expected.replace(/^[^:]*/, 'drydock-<restore uid>'),
  },
  { path: 'item operations * status created', reason: 'when it happened', when: bothTimes },
  { path: 'cluster datadownloads.velero.io|* metadata name', reason: 'random in Velero, a digest in Drydock (rule 6)' },
  {
    path: 'cluster podvolumerestores.velero.io|* metadata name',
    reason: 'random in Velero, a digest in Drydock (rule 6)',
  },
  {
    path: 'restore metadata annotations',
    reason: 'the claim of the worker (rule 1)',
    when: ({ expected, actual }) =>
      expected === undefined && Object.keys(actual as object).every((key) => key === 'drydock.io/claimed'),
  },
  { path: 'restore metadata annotations drydock.io/claimed', reason: 'the claim of the worker (rule 1)' },
]

/** The entry that allows a difference, if there is one. */
export function toleratedBy(difference: Difference, golden: CaseFile, list = tolerated): Tolerated | undefined {
  return list.find((entry) => matches(entry.path, difference.path) && (entry.when?.(difference, golden) ?? true))
}

function matches(pattern: string, path: readonly string[]): boolean {
  const parts = pattern.split(' ')
  const spread = joinBlanks(parts, path)
  return spread.length === path.length && path.every((part, at) => matchesPart(spread[at] ?? '', part))
}

/** The first part of a path may itself hold a blank, as in `resource list`. */
function joinBlanks(parts: readonly string[], path: readonly string[]): readonly string[] {
  const words = path[0]?.split(' ').length ?? 1
  return [parts.slice(0, words).join(' '), ...parts.slice(words)]
}

function matchesPart(pattern: string, part: string): boolean {
  if (pattern === '*') return true
  const literal = pattern.split('*').map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${literal.join('.*')}$`).test(part)
}

function bothTimes({ expected, actual }: Difference): boolean {
  return [expected, actual].every((value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value))
}

function bothAddresses({ expected, actual }: Difference): boolean {
  return [expected, actual].every((value) => typeof value === 'string' && value.startsWith('10.96.'))
}

function bothNodePorts({ expected, actual }: Difference): boolean {
  return [expected, actual].every((value) => typeof value === 'number' && value >= 30_000 && value < 32_768)
}
