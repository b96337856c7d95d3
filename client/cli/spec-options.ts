import { InvalidArgumentError, Option } from 'commander'
import { compileLabelSelector } from '../../core/filter/label-selector.ts'
import { parseGoDuration } from '../../core/values/go-duration.ts'
import type { LabelSelector, RestoreSpec } from '../../velero/restore.ts'
import { messageOf } from '../api/errors.ts'
import { parseBoolean } from './boolean-options.ts'
import { readHooksFile } from './read-files.ts'

/** One option of `start` that sets a field of the spec. */
export interface SpecOption {
  option: Option
  /** Returns the spec with the field set, where the option was given. */
  apply(spec: RestoreSpec, given: Readonly<Record<string, unknown>>): RestoreSpec
}

/** Every field of the spec of a Restore as an option, with the name that Velero's command line has where it has one. */
export const specOptions: readonly SpecOption[] = [
  specOption('--from-backup <backup>', 'restore from this backup', parseText, 'backupName'),
  specOption(
    '--from-schedule <schedule>',
    'restore from the newest backup of this schedule',
    parseText,
    'scheduleName',
  ),
  specOption('--include-namespaces <list>', "namespaces to restore; '*' for all", parseList, 'includedNamespaces'),
  specOption('--exclude-namespaces <list>', 'namespaces to leave out', parseList, 'excludedNamespaces'),
  specOption(
    '--include-resources <list>',
    "resources such as pods,deployments.apps; '*' for all",
    parseList,
    'includedResources',
  ),
  specOption('--exclude-resources <list>', 'resources to leave out', parseList, 'excludedResources'),
  specOption('--namespace-mappings <a:b,…>', 'restore namespace a as b', parsePairs(':'), 'namespaceMapping'),
  specOption('-l, --selector <selector>', 'only objects with these labels', parseBy(parseSelector), 'labelSelector'),
  specOption(
    '--or-selector <selectors>',
    "only objects that one of these selects: 'a=b or c=d'",
    parseBy(parseOrSelectors),
    'orLabelSelectors',
  ),
  specOption('--restore-volumes [bool]', 'restore volumes from snapshots', parseBoolean, 'restorePVs'),
  specOption('--preserve-nodeports [bool]', 'keep the node ports of Services', parseBoolean, 'preserveNodePorts'),
  specOption(
    '--include-cluster-resources [bool]',
    'restore cluster-scoped resources',
    parseBoolean,
    'includeClusterResources',
  ),
  specOption(
    '--existing-resource-policy <policy>',
    'what to do with objects that exist already: none or update',
    parseChoice('none', 'update'),
    'existingResourcePolicy',
  ),
  specOption(
    '--existing-volume-data-policy <policy>',
    'after Velero v1.18: what to do with the data of volumes that exist already: none, full or incremental',
    parseChoice('none', 'full', 'incremental'),
    'existingVolumeDataPolicy',
  ),
  specOption(
    '--status-include-resources <list>',
    'resources whose status is restored',
    parseList,
    (includedResources, spec) => ({ restoreStatus: { ...spec.restoreStatus, includedResources } }),
  ),
  specOption(
    '--status-exclude-resources <list>',
    'resources whose status is not restored',
    parseList,
    (excludedResources, spec) => ({ restoreStatus: { ...spec.restoreStatus, excludedResources } }),
  ),
  specOption(
    '--item-operation-timeout <duration>',
    'how long to wait for asynchronous operations',
    parseDuration,
    'itemOperationTimeout',
  ),
  specOption('--resource-modifier-configmap <name>', 'ConfigMap with resource modifiers', parseText, (name) => ({
    resourceModifier: { apiGroup: '', kind: 'configmap', name },
  })),
  specOption(
    '--skip-default-resource-modifier [bool]',
    'after Velero v1.18: leave out the modifiers that the worker has for restores that name none',
    parseBoolean,
    'skipDefaultResourceModifier',
  ),
  specOption('--resource-policies-configmap <name>', 'ConfigMap with filter policies', parseText, (name) => ({
    resourcePolicy: { kind: 'configmap', name },
  })),
  specOption(
    '--write-sparse-files [bool]',
    'write sparse files when volumes are restored',
    parseBoolean,
    (writeSparseFiles, spec) => ({ uploaderConfig: { ...spec.uploaderConfig, writeSparseFiles } }),
  ),
  specOption(
    '--parallel-files-download <number>',
    'files of a volume to restore at the same time; 0: as many as there are processors',
    parseCount,
    (files, spec) => ({ uploaderConfig: { ...spec.uploaderConfig, parallelFilesDownload: files } }),
  ),
  specOption(
    '--delete-extra-files [bool]',
    'after Velero v1.18: delete files of an existing volume that the backup does not have',
    parseBoolean,
    (deleteExtraFiles, spec) => ({ uploaderConfig: { ...spec.uploaderConfig, deleteExtraFiles } }),
  ),
  specOption(
    '--hooks-file <file>',
    'YAML or JSON with the hooks, as in the field hooks of the spec',
    parseBy(readHooksFile),
    'hooks',
  ),
]

/** Sets the fields of a spec that options were given for. */
export function applySpecOptions(spec: RestoreSpec, given: Readonly<Record<string, unknown>>): RestoreSpec {
  return specOptions.reduce((before, option) => option.apply(before, given), spec)
}

/** An option by its flags and help, the parser of its value, and the field that it sets or a function that does. */
function specOption<T>(
  flags: string,
  help: string,
  parse: (text: string, before?: T) => T,
  put: keyof RestoreSpec | ((value: T, spec: RestoreSpec) => Partial<RestoreSpec>),
): SpecOption {
  const option = new Option(flags, help).argParser<T>((text, before) => parse(text, before))
  const key = option.attributeName()
  return {
    option,
    apply(spec, given) {
      if (given[key] === undefined) return spec
      const value = given[key] as T
      return { ...spec, ...(typeof put === 'function' ? put(value, spec) : { [put]: value }) }
    },
  }
}

function parseText(text: string): string {
  return text
}

/** Names separated by commas; an option that is given several times adds to its list. */
export function parseList(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map((part) => part.trim())].filter((part) => part !== '')
}

/** Pairs such as `a=b,c=d`; an option that is given several times adds to its pairs. */
export function parsePairs(separator: '=' | ':') {
  return (text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> => {
    const pairs = parseList(text).map((part): [string, string] => {
      const cut = part.indexOf(separator)
      if (cut <= 0) throw new InvalidArgumentError(`${JSON.stringify(part)} is not a pair name${separator}value.`)
      return [part.slice(0, cut), part.slice(cut + 1)]
    })
    return { ...before, ...Object.fromEntries(pairs) }
  }
}

function parseChoice(...choices: readonly string[]): (text: string) => string {
  return (text) => {
    if (choices.includes(text)) return text
    throw new InvalidArgumentError(`It must be one of ${choices.join(', ')}.`)
  }
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, 0 or greater.')
}

/** A duration in Go's syntax, which stays a text. */
function parseDuration(text: string): string {
  try {
    if (parseGoDuration(text) >= 0) return text
  } catch {
    // Refused like a negative one.
  }
  throw new InvalidArgumentError('It must be a duration such as 4h or 1h30m.')
}

/** A name that Kubernetes accepts for a Restore. */
export function parseObjectName(text: string): string {
  if (text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)) return text
  throw new InvalidArgumentError('It takes small letters, digits, "-" and ".", up to 253 of them.')
}

/** Makes the errors of a parser errors of the command line. */
function parseBy<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (thrown) {
      throw new InvalidArgumentError(`${messageOf(thrown)}.`)
    }
  }
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

/** A label selector as in `kubectl -l`: `app=web,tier!=db,env in (a,b),!legacy`. Throws an error that names the wrong part. */
export function parseSelector(text: string): LabelSelector {
  const matchLabels: Record<string, string> = {}
  const matchExpressions: Expression[] = []
  for (const part of splitSelector(text)) {
    const requirement = parseRequirement(part)
    if ('equals' in requirement) matchLabels[requirement.key] = requirement.equals
    else matchExpressions.push(requirement)
  }
  const selector: LabelSelector = {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
  }
  const compiled = compileLabelSelector(selector)
  if ('error' in compiled) throw new Error(compiled.error)
  return selector
}

/** Selectors separated by ` or `, of which one must match. */
function parseOrSelectors(text: string): LabelSelector[] {
  return text.split(/\s+or\s+/).map(parseSelector)
}

/** Splits at the commas outside of parentheses. */
function splitSelector(text: string): string[] {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim())
  if (parts.some((part) => part === '')) throw new Error(`${JSON.stringify(text)} has an empty part`)
  return parts
}

function parseRequirement(part: string): { key: string; equals: string } | Expression {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part)
  if (set !== null) {
    const [, key = '', word, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    return { key, operator: word === 'in' ? 'In' : 'NotIn', values }
  }
  const comparison = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(part)
  if (comparison !== null) {
    const [, key = '', sign, value = ''] = comparison
    return sign === '!=' ? { key, operator: 'NotIn', values: [value] } : { key, equals: value }
  }
  const missing = /^!\s*(\S+)$/.exec(part)
  if (missing !== null) return { key: missing[1] ?? '', operator: 'DoesNotExist' }
  if (/^\S+$/.test(part)) return { key: part, operator: 'Exists' }
  throw new Error(`${JSON.stringify(part)} is not a label selector`)
}
