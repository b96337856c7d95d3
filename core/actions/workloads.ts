import type { Manifest } from '../../velero/manifest.ts'
import { cloneManifest } from '../items/clone-manifest.ts'
import { accessField } from './access-field.ts'
import { ActionError } from './action.ts'
import type { ItemAction } from './action.ts'
import { objectsAt } from '../values/fields.ts'
import { pluginConfig } from './plugin-config.ts'

const name = 'velero.io/change-image-name'

/**
 * Rewrites the images of containers by rules such as `old.registry,new.registry`, the values of the action's ConfigMap.
 * The first rule whose left side occurs in the image wins and replaces each occurrence. Velero takes the rules in random
 * order; here the order of their keys decides, so that a restore repeated gives the same images.
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

/** The left side may be empty, as in Velero: it then occurs everywhere. A right side of blanks erases the left one. */
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
