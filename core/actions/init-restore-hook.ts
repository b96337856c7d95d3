import type { Manifest } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import { cloneManifest } from '../items/clone-manifest.ts'
import { ActionError } from './action.ts'
import type { ActionInput, ItemAction, RestoreView } from './action.ts'
import { companionHash } from '../values/derived-names.ts'
import { annotationOf, dropIfEmpty, fieldsAt, listAt, textAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { initHookContainers } from './init-hook-containers.ts'

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
