import type { RestoreResourceHookSpec } from '../../velero/restore.ts'
import { makeIncludesExcludes } from './includes-excludes.ts'
import { compileLabelSelector } from './label-selector.ts'
import type { Labels } from './label-selector.ts'

/**
 * Whether a hook in the spec of a restore applies to a pod, given by its target namespace and its labels, or the error
 * in the hook's selector. The hook's lists of resources are ignored, since hooks are only for pods.
 */
export function hookAppliesTo(
  { includedNamespaces, excludedNamespaces, labelSelector }: RestoreResourceHookSpec,
  pod: { namespace: string; labels: Labels },
): boolean | { error: string } {
  const namespaces = makeIncludesExcludes({ includes: includedNamespaces, excludes: excludedNamespaces })
  if (!namespaces.shouldInclude(pod.namespace)) return false
  if (labelSelector === undefined || labelSelector === null) return true
  const selector = compileLabelSelector(labelSelector)
  return 'error' in selector ? selector : selector.matches(pod.labels)
}

/**
 * The command in an annotation: a JSON list of strings, or else the whole text as one word. Go reads `null` as an empty
 * string.
 */
export function parseHookCommand(text: string): string[] {
  if (!text.startsWith('[')) return [text]
  try {
    const words: unknown = JSON.parse(text)
    return Array.isArray(words) && words.every(isWord) ? words.map((word) => word ?? '') : [text]
  } catch {
    return [text]
  }
}

function isWord(value: unknown): value is string | null {
  return typeof value === 'string' || value === null
}
