import { managedFieldsAnnotation, secondChancesAnnotation } from '../../velero/labels.ts'
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

/** What the worker and the harness write on a Restore. */
const ownAnnotations: readonly string[] = ['drydock.io/claimed', secondChancesAnnotation, managedFieldsAnnotation]

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
  ...[
    'cluster jobs.batch|* spec selector matchLabels batch.kubernetes.io/controller-uid',
    'cluster jobs.batch|* spec template metadata labels batch.kubernetes.io/controller-uid',
    'cluster jobs.batch|* spec template metadata labels controller-uid',
  ].map((path) => ({ path, reason: 'the uid that the API server gave the Job', when: bothUids })),
  ...[
    'cluster pods|* spec volumes * name',
    'cluster pods|* spec containers * volumeMounts * name',
    'cluster pods|* spec initContainers * volumeMounts * name',
  ].map((path) => ({ path, reason: 'the API server mounts a token under a random name', when: bothTokenMounts })),
  {
    path: 'results warnings * *',
    reason: 'Velero names its temporary folder (missing additional items)',
    when: sameButForFolder,
  },
  {
    path: 'results warnings namespaces * *',
    reason: 'Velero names its temporary folder (missing additional items)',
    when: sameButForFolder,
  },
  {
    path: 'cluster volumesnapshotcontents.snapshot.storage.k8s.io|* spec sourceVolumeMode',
    reason: "null that Velero's Go type adds; a schema drops it",
    when: ({ expected, actual }) => expected === null && actual === undefined,
  },
  {
    path: 'cluster persistentvolumeclaims|* spec selector matchLabels velero.io/dynamic-pv-restore',
    reason: 'ends in random letters in Velero, in a digest in Drydock (rule 6)',
    when: ({ expected, actual }) =>
      typeof expected === 'string' &&
      typeof actual === 'string' &&
      expected.replace(/\.[a-z0-9]{5}$/, '') === actual.replace(/\.[0-9a-f]{8}$/, ''),
  },
  {
    path: 'results errors namespaces * *',
    reason: "a failed hook ends no other pod's hooks, which then run into their own deadline",
    when: ({ expected, actual }) =>
      typeof expected === 'string' &&
      /^hook .* not executed: context canceled$/.test(expected) &&
      actual === expected.replace(/context canceled$/, 'context deadline exceeded'),
  },
  ...['results errors * *', 'results errors namespaces * *', 'restore status validationErrors *'].map((path) => ({
    path,
    reason: 'the message of a parser, after the same words of Velero (decision 4)',
    when: ({ expected, actual }: Difference) =>
      typeof expected === 'string' && typeof actual === 'string' && isSameUpToParser(expected, actual),
  })),
  { path: 'item operations * status created', reason: 'when it happened', when: bothTimes },
  ...['datadownloads', 'podvolumerestores'].flatMap((plural) => [
    {
      path: `cluster ${plural}.velero.io|* metadata name`,
      reason: 'random in Velero, a digest in Drydock (rule 6)',
    },
    {
      path: `cluster ${plural}.velero.io|* metadata generateName`,
      reason: 'random in Velero, a digest in Drydock (rule 6)',
      when: ({ actual }: Difference) => actual === undefined,
    },
    {
      path: `cluster ${plural}.velero.io|* status progress`,
      reason: "an empty object that Velero's Go type adds",
      when: ({ expected, actual }: Difference) => JSON.stringify(expected) === '{}' && actual === undefined,
    },
  ]),
  {
    path: 'restore metadata annotations',
    reason: 'the claim of the worker (rule 1), and what the harness asks for',
    when: ({ expected, actual }) =>
      expected === undefined && Object.keys(actual as object).every((key) => ownAnnotations.includes(key)),
  },
  { path: 'restore metadata annotations drydock.io/claimed', reason: 'the claim of the worker (rule 1)' },
  {
    path: `restore metadata annotations ${secondChancesAnnotation}`,
    reason: 'the wish of the harness for the words of Velero alone',
  },
  { path: `restore metadata annotations ${managedFieldsAnnotation}`, reason: 'the mode that the harness asks for' },
]

/** Velero's words before the message of a parser. */
const wordsBeforeParser = [
  /^error decoding "[^"]*": /,
  /^error in applying patch error in converting YAML to JSON /,
  /^error in applying patch error in unmarshalling modified object /,
  /^error in applying patch error in applying Strategic Patch (?:.*: )?(?=json: |Object 'Kind' is missing)/,
  /^(?:.*: )?failed to decode yaml data into resource modifiers, err: /,
  /^(?:.*: )?failed to decode yaml data into resource policies {2}/,
  /^invalid init container in restore hook "[^"]*": (?=json: )/,
  /^error preparing \S+: rpc error: code = Unknown desc = (?=json: |invalid character |unexpected end of JSON input)/,
]

/** Whether a message of Drydock is that of Velero, but for the message of a parser at its end (decision 4). */
export function isSameUpToParser(velero: string, drydock: string): boolean {
  const words = wordsBeforeParser.map((pattern) => pattern.exec(velero)?.[0]).find((found) => found !== undefined)
  return words !== undefined && drydock.startsWith(words) && drydock.length > words.length
}

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

function bothUids({ expected, actual }: Difference): boolean {
  return [expected, actual].every(
    (value) => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value),
  )
}

function bothTokenMounts({ expected, actual }: Difference): boolean {
  return [expected, actual].every((value) => typeof value === 'string' && /^kube-api-access-[a-z0-9]{5}$/.test(value))
}

function sameButForFolder({ expected, actual }: Difference): boolean {
  return typeof expected === 'string' && expected.replace(/^stat \/\S*?\/(?=resources\/)/, 'stat ') === actual
}

function bothAddresses({ expected, actual }: Difference): boolean {
  return [expected, actual].every((value) => typeof value === 'string' && value.startsWith('10.96.'))
}

function bothNodePorts({ expected, actual }: Difference): boolean {
  return [expected, actual].every((value) => typeof value === 'number' && value >= 30_000 && value < 32_768)
}
