import { Option } from 'commander'
import type { RestoreSpec } from '../../velero/restore.ts'
import { count, duration, list, oneOf, pairs, readBy, truth } from './option-values.ts'
import { parseOrSelectors, parseSelector } from '../api/parse-selector.ts'
import { readHooksFile } from './read-hooks-file.ts'

/** One option of `start` that sets a field of the spec. */
export interface SpecFlag {
  option: Option
  /** Puts the option's value, if it was given, into the spec. */
  apply(spec: RestoreSpec, options: Readonly<Record<string, unknown>>): RestoreSpec
}

/** Every field of a Restore's spec as an option, under the name that Velero's command line has for it where it has one. */
export const specFlags: readonly SpecFlag[] = [
  flag(['--from-backup <backup>', 'restore from this backup'], text, (backupName) => ({ backupName })),
  flag(['--from-schedule <schedule>', 'restore from the newest backup of this schedule'], text, (scheduleName) => ({
    scheduleName,
  })),
  flag(['--include-namespaces <list>', "namespaces to restore; '*' for all"], list, (includedNamespaces) => ({
    includedNamespaces,
  })),
  flag(['--exclude-namespaces <list>', 'namespaces to leave out'], list, (excludedNamespaces) => ({
    excludedNamespaces,
  })),
  flag(
    ['--include-resources <list>', "resources such as pods,deployments.apps; '*' for all"],
    list,
    (includedResources) => ({
      includedResources,
    }),
  ),
  flag(['--exclude-resources <list>', 'resources to leave out'], list, (excludedResources) => ({ excludedResources })),
  flag(['--namespace-mappings <a:b,…>', 'restore namespace a as b'], pairs(':'), (namespaceMapping) => ({
    namespaceMapping,
  })),
  flag(['-l, --selector <selector>', 'only objects with these labels'], readBy(parseSelector), (labelSelector) => ({
    labelSelector,
  })),
  flag(
    ['--or-selector <selectors>', "only objects that one of these selects: 'a=b or c=d'"],
    readBy(parseOrSelectors),
    (orLabelSelectors) => ({ orLabelSelectors }),
  ),
  flag(['--restore-volumes [bool]', 'restore volumes from snapshots'], truth, (restorePVs) => ({ restorePVs })),
  flag(['--preserve-nodeports [bool]', 'keep the node ports of Services'], truth, (preserveNodePorts) => ({
    preserveNodePorts,
  })),
  flag(
    ['--include-cluster-resources [bool]', 'restore cluster-scoped resources'],
    truth,
    (includeClusterResources) => ({
      includeClusterResources,
    }),
  ),
  flag(
    ['--existing-resource-policy <policy>', 'what to do with objects that are there already: none or update'],
    oneOf('none', 'update'),
    (existingResourcePolicy) => ({ existingResourcePolicy }),
  ),
  flag(
    ['--status-include-resources <list>', 'resources whose status is restored'],
    list,
    (includedResources, spec) => ({
      restoreStatus: { ...spec.restoreStatus, includedResources },
    }),
  ),
  flag(['--status-exclude-resources <list>', 'resources whose status is not'], list, (excludedResources, spec) => ({
    restoreStatus: { ...spec.restoreStatus, excludedResources },
  })),
  flag(
    ['--item-operation-timeout <duration>', 'how long to wait for asynchronous operations'],
    duration,
    (timeout) => ({
      itemOperationTimeout: timeout,
    }),
  ),
  flag(['--resource-modifier-configmap <name>', 'ConfigMap with resource modifiers'], text, (name) => ({
    resourceModifier: { apiGroup: '', kind: 'configmap', name },
  })),
  flag(['--resource-policies-configmap <name>', 'ConfigMap with filter policies'], text, (name) => ({
    resourcePolicy: { kind: 'configmap', name },
  })),
  flag(
    ['--write-sparse-files [bool]', 'write sparse files when volumes are restored'],
    truth,
    (writeSparseFiles, spec) => ({
      uploaderConfig: { ...spec.uploaderConfig, writeSparseFiles },
    }),
  ),
  flag(
    ['--parallel-files-download <number>', 'files of a volume restored at once; 0: by processors'],
    count,
    (files, spec) => ({
      uploaderConfig: { ...spec.uploaderConfig, parallelFilesDownload: files },
    }),
  ),
  flag(
    ['--hooks-file <file>', "YAML or JSON with the hooks, as under the spec's field hooks"],
    readBy(readHooksFile),
    (hooks) => ({
      hooks,
    }),
  ),
]

/** The spec that the options ask for, laid over another one. */
export function applySpecFlags(spec: RestoreSpec, options: Readonly<Record<string, unknown>>): RestoreSpec {
  return specFlags.reduce((before, flag) => flag.apply(before, options), spec)
}

/** Ties an option, told by its flags and help, to the field that its value is put in. */
function flag<T>(
  [flags, help]: [flags: string, help: string],
  read: (text: string, before?: T) => T,
  put: (value: T, spec: RestoreSpec) => Partial<RestoreSpec>,
): SpecFlag {
  const option = new Option(flags, help).argParser<T>((given, before) => read(given, before))
  if (option.optional) option.preset('true')
  const key = option.attributeName()
  return {
    option,
    apply: (spec, options) => (options[key] === undefined ? spec : { ...spec, ...put(options[key] as T, spec) }),
  }
}

function text(given: string): string {
  return given
}
