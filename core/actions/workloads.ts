import type { Manifest } from '../../velero/manifest.ts'
import { dropIfEmpty, fieldsAt, listAt, objectsAt, textAt, accessField } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { cloneManifest } from '../values/manifest-json.ts'
import { ActionError } from './action.ts'
import type { ItemAction } from './action.ts'
import { pluginConfig } from './plugin-config.ts'

/**
 * Removes node, priority and token volume of a pod, which the scheduler and the admission of the new cluster set again.
 * The priority class is restored before the pod, because the API server refuses a pod without it.
 */
export const pod: ItemAction = {
  name: 'velero.io/pod',
  appliesTo: ['pods'],
  convertsThroughStruct: () => true,
  execute({ item }) {
    const restored = cloneManifest(item)
    const spec = fieldsAt(restored, 'spec')
    if (spec === undefined) return { item }
    delete spec['nodeName']
    delete spec['priority']
    dropTokenVolumes(restored, spec)
    return { item: restored }
  },
  additionalItems({ itemFromBackup }) {
    const name = textAt(itemFromBackup, 'spec', 'priorityClassName')
    return { items: name === '' ? [] : [{ groupResource: 'priorityclasses.scheduling.k8s.io', name }] }
  },
}

/** For an empty service account name the prefix is `-token-`, as in Velero. Ephemeral containers are not changed. */
function dropTokenVolumes(item: Manifest, spec: Fields): void {
  const prefix = `${textAt(spec, 'serviceAccountName')}-token-`
  dropNamed(spec, 'volumes', prefix)
  for (const container of [...objectsAt(item, 'spec', 'containers'), ...objectsAt(item, 'spec', 'initContainers')]) {
    dropNamed(container, 'volumeMounts', prefix)
  }
}

function dropNamed(parent: Fields, key: string, prefix: string): void {
  if (!Array.isArray(parent[key])) return
  parent[key] = listAt(parent, key).filter((entry) => !textAt(entry, 'name').startsWith(prefix))
  dropIfEmpty(parent, key)
}

/** Labels with the uid of a Job by which it selects its pods. Kubernetes before 1.27 had only the short one. */
const controllerUidLabels = ['batch.kubernetes.io/controller-uid', 'controller-uid']

/** Removes a Job's uid from its selector and template; the new cluster adds the new uid. */
export const job: ItemAction = {
  name: 'velero.io/job',
  appliesTo: ['jobs.batch'],
  convertsThroughStruct: () => true,
  execute({ item }) {
    const restored = cloneManifest(item)
    const selector = fieldsAt(restored, 'spec', 'selector')
    const template = fieldsAt(restored, 'spec', 'template', 'metadata')
    for (const label of controllerUidLabels) {
      delete fieldsAt(selector, 'matchLabels')?.[label]
      delete fieldsAt(template, 'labels')?.[label]
    }
    dropIfEmpty(selector, 'matchLabels')
    dropIfEmpty(template, 'labels')
    return { item: restored }
  },
}

const name = 'velero.io/change-image-name'

/**
 * Changes the images of containers by rules such as `old.registry,new.registry`, the values in the action's ConfigMap.
 * The first rule whose left side occurs in the image replaces each occurrence. Velero takes the rules in random order;
 * here they are sorted by their keys, so that a repeated restore gives the same images.
 */
export const changeImageName: ItemAction = {
  name,
  appliesTo: [
    'deployments.apps',
    'statefulsets.apps',
    'daemonsets.apps',
    'replicasets.apps',
    'replicationcontrollers',
    'jobs.batch',
    'cronjobs.batch',
    'pods',
  ],
  execute({ item, facts }) {
    const rules = readRules(pluginConfig(facts, name))
    if (rules.length === 0) return { item }
    const restored = cloneManifest(item)
    for (const list of ['containers', 'initContainers']) replaceImages(restored, [...podSpecPath(item), list], rules)
    return { item: restored }
  },
}

interface ImageRule {
  old: string
  new: string
}

/** As in Velero, an empty left side matches between all characters, and a right side of blanks removes the left one. */
function readRules(config: Record<string, string>): ImageRule[] {
  const rules: ImageRule[] = []
  for (const key of Object.keys(config).sort()) {
    const row = config[key] ?? ''
    const comma = row.indexOf(',')
    if (comma < 0 || comma === row.length - 1) continue
    rules.push({ old: row.slice(0, comma).trim(), new: row.slice(comma + 1).trim() })
  }
  return rules
}

function podSpecPath(item: Manifest): string[] {
  if (item.kind === 'Pod') return ['spec']
  if (item.kind === 'CronJob') return ['spec', 'jobTemplate', 'spec', 'template', 'spec']
  return ['spec', 'template', 'spec']
}

function replaceImages(item: Manifest, path: string[], rules: readonly ImageRule[]): void {
  const containers = accessField(item, path, 'list')
  if ('error' in containers) {
    const prefix = "error getting item's spec.containers"
    throw new ActionError(`${prefix}: ${prefix}: ${containers.error}`)
  }
  for (const container of objectsAt(item, ...path)) {
    const image = container['image']
    if (typeof image === 'string' && image !== '') container['image'] = rewrite(image, rules)
  }
}

function rewrite(image: string, rules: readonly ImageRule[]): string {
  const rule = rules.find((rule) => image.includes(rule.old))
  return rule === undefined ? image : image.replaceAll(rule.old, () => rule.new)
}
