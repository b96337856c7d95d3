import type { Manifest } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import type { RestoreResourceHookSpec, RestoreSpec } from '../../velero/restore.ts'
import { makeIncludesExcludes } from '../filter/includes-excludes.ts'
import { compileLabelSelector } from '../filter/label-selector.ts'
import { companionHash } from '../values/derived-names.ts'
import { annotationOf, dropIfEmpty, fieldsAt, listAt, textAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { cloneManifest, isJsonMap } from '../values/manifest-json.ts'
import { ActionError } from './action.ts'
import type { ActionInput, ItemAction, RestoreView } from './action.ts'

const imageKey = 'init.hook.restore.velero.io/container-image'
const nameKey = 'init.hook.restore.velero.io/container-name'
const commandKey = 'init.hook.restore.velero.io/command'

/**
 * Init containers that a hook asks for run before the pod's own. The pod's annotations win over the restore's hooks.
 * A container that waits for files stays first, for hooks may prepare what it has restored.
 */
export const initRestoreHook: ItemAction = {
  name: 'velero.io/init-restore-hook',
  appliesTo: ['pods'],
  convertsThroughStruct: () => true,
  execute(input) {
    const { item, restore } = input
    const annotated = annotatedContainer(input)
    const added = annotated === undefined ? initHookContainers(item, restore.spec) : [annotated]
    const spec = fieldsAt(item, 'spec')
    if (added.length === 0 || spec === undefined) return { item }
    const [first, ...others] = cloneManifest(listAt(spec, 'initContainers'))
    const waits = textAt(first, 'name') === 'restore-wait'
    const own = first === undefined ? [] : [first, ...others]
    const initContainers = waits ? [first, ...added, ...others] : [...added, ...own]
    return { item: { ...item, spec: { ...spec, initContainers } } }
  },
}

/**
 * Velero breaks down over an image without a command. It is an error of this pod here, because the image's own entry
 * point is hardly what somebody wants who wrote a hook and forgot the command.
 */
function annotatedContainer({ item, itemFromBackup, restore }: ActionInput): Fields | undefined {
  const image = annotationOf(item, imageKey)
  if (!image) return undefined
  const command = annotationOf(item, commandKey)
  if (!command) throw new ActionError(`annotation ${imageKey} needs annotation ${commandKey} beside it`)
  const name = annotationOf(item, nameKey) || generatedName(restore, itemFromBackup)
  const container: Fields = { image, name, command: parseCommand(command) }
  dropIfEmpty(container, 'command')
  return container
}

/** Velero ends the name at random; rule 6 makes it the same for each attempt. */
function generatedName(restore: RestoreView, pod: Manifest): string {
  const item = formatResourceId('pods', pod.metadata.namespace, pod.metadata.name)
  const hash = companionHash({ restoreUid: restore.uid, item, purpose: 'init-restore-hook' })
  return `velero-restore-init-${hash.slice(0, 8)}`
}

/** A JSON list of words, or one word: text that only looks like a list is one word too. */
function parseCommand(text: string): string[] {
  if (!text.startsWith('[')) return [text]
  try {
    const words: unknown = JSON.parse(text)
    if (Array.isArray(words) && words.every(isWord)) return words.map((word) => word ?? '')
  } catch {
    return [text]
  }
  return [text]
}

/** Go reads `null` in a list of words as the empty word. */
function isWord(value: unknown): value is string | null {
  return typeof value === 'string' || value === null
}

/**
 * The init containers that the hooks of the restore's spec add to a pod, in order. Their namespaces are those of the new
 * cluster, their selector looks at the pod's own labels; lists of resources are ignored, since hooks are for pods only.
 */
function initHookContainers(pod: Manifest, spec: RestoreSpec): Fields[] {
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
