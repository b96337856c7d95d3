import type { Manifest } from '../../velero/manifest.ts'
import type { RestoreResourceHookSpec, RestoreSpec } from '../../velero/restore.ts'
import { cloneManifest } from '../items/clone-manifest.ts'
import { isJsonMap } from '../items/deep-equal.ts'
import { makeIncludesExcludes } from '../filter/includes-excludes.ts'
import { compileLabelSelector } from '../filter/label-selector.ts'
import { ActionError } from './action.ts'
import { listAt, textAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'

/**
 * The init containers that the hooks of the restore's spec add to a pod, in order. Their namespaces are those of the new
 * cluster, their selector looks at the pod's own labels; lists of resources are ignored, since hooks are for pods only.
 */
export function initHookContainers(pod: Manifest, spec: RestoreSpec): Fields[] {
  const source = pod.metadata.namespace ?? ''
  const mapping = spec.namespaceMapping ?? {}
  const namespace = Object.hasOwn(mapping, source) ? (mapping[source] ?? source) : source
  const hooks = (spec.hooks?.resources ?? []).filter((hook) => isFor(hook, namespace, pod.metadata.labels ?? {}))
  return hooks
    .flatMap((hook) => hook.postHooks ?? [])
    .flatMap((hook) => hook.init?.initContainers ?? [])
    .map(checked)
}

function isFor(hook: RestoreResourceHookSpec, namespace: string, labels: Record<string, string>): boolean {
  const namespaces = makeIncludesExcludes({ includes: hook.includedNamespaces, excludes: hook.excludedNamespaces })
  if (!namespaces.shouldInclude(namespace)) return false
  if (hook.labelSelector === undefined || hook.labelSelector === null) return true
  const selector = compileLabelSelector(hook.labelSelector)
  if ('error' in selector) throw new ActionError(selector.error)
  return selector.matches(labels)
}

/** Admission has said the same already; a restore taken over in the middle may not have gone through ours. */
function checked(container: unknown): Fields {
  const isComplete =
    listAt(container, 'command').length > 0 && textAt(container, 'name') !== '' && textAt(container, 'image') !== ''
  if (isJsonMap(container) && isComplete) return cloneManifest(container)
  throw new ActionError("invalid InitContainer in restore hook, it doesn't have Command, Name or Image field")
}
