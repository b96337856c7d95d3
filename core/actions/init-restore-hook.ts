import type { Manifest } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import { hookAppliesTo, parseHookCommand } from '../filter/hook-spec.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'
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
 * Adds the init containers of hooks before the pod's own ones. Annotations of the pod win over hooks in the spec of the
 * restore. The container `restore-wait` stays first, because hooks may need the files that it waits for.
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
 * The init container from the annotations of the pod. Velero crashes if there is an image but no command. Here this is
 * an error of the pod: running the image's own entry point would hardly be what the user wants.
 */
function annotatedContainer({ item, itemFromBackup, restore }: ActionInput): Fields | undefined {
  const image = annotationOf(item, imageKey)
  if (!image) return undefined
  const command = annotationOf(item, commandKey)
  if (!command) throw new ActionError(`annotation ${imageKey} needs annotation ${commandKey} beside it`)
  const name = annotationOf(item, nameKey) || generatedName(restore, itemFromBackup)
  const container: Fields = { image, name, command: parseHookCommand(command) }
  dropIfEmpty(container, 'command')
  return container
}

/** The name in Velero ends in random letters. Here it ends in a hash, the same in each attempt (rule 6). */
function generatedName(restore: RestoreView, pod: Manifest): string {
  const item = formatResourceId('pods', pod.metadata.namespace, pod.metadata.name)
  const hash = companionHash({ restoreUid: restore.uid, item, purpose: 'init-restore-hook' })
  return `velero-restore-init-${hash.slice(0, 8)}`
}

/**
 * The init containers from the hooks in the restore's spec, in their order. The namespaces of a hook are target
 * namespaces, its selector is matched with the pod's labels. Its lists of resources are ignored, since hooks are only
 * for pods.
 */
function initHookContainers(pod: Manifest, spec: RestoreSpec): Fields[] {
  const namespace = targetNamespace(spec.namespaceMapping, pod.metadata.namespace ?? '')
  const hooks = (spec.hooks?.resources ?? []).filter((hook) => {
    const applies = hookAppliesTo(hook, { namespace, labels: pod.metadata.labels })
    if (typeof applies === 'object') throw new ActionError(applies.error)
    return applies
  })
  return hooks
    .flatMap((hook) => hook.postHooks ?? [])
    .flatMap((hook) => hook.init?.initContainers ?? [])
    .map(checked)
}

/** The admission has the same rule. But a restore that was taken over from Velero did not pass our admission. */
function checked(container: unknown): Fields {
  const isComplete =
    listAt(container, 'command').length > 0 && textAt(container, 'name') !== '' && textAt(container, 'image') !== ''
  if (isJsonMap(container) && isComplete) return cloneManifest(container)
  throw new ActionError("invalid InitContainer in restore hook, it doesn't have Command, Name or Image field")
}
