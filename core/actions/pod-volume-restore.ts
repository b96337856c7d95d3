import type { Manifest } from '../../velero/manifest.ts'
import { cloneManifest } from '../items/clone-manifest.ts'
import type { ActionInput, ItemAction } from './action.ts'
import { dropIfEmpty, fieldsAt, listAt, textAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { pluginConfig } from './plugin-config.ts'
import { podVolumeSnapshots } from './pod-volume-snapshots.ts'
import { restoreHelperImage } from './restore-helper-image.ts'
import { restoreHelperResources } from './restore-helper-resources.ts'
import { restoreHelperSecurity } from './restore-helper-security.ts'

const name = 'velero.io/pod-volume-restore'

/** Names of the waiting container; an archived pod may still carry one of an earlier restore. */
const waitContainers: readonly string[] = ['restore-wait', 'restic-wait']

/**
 * A pod whose volumes were backed up file by file gets a first init container that waits until the node agent has put the
 * files back. A waiting container that came with the backup goes in any case: it would wait for another restore.
 */
export const podVolumeRestore: ItemAction = {
  name,
  appliesTo: ['pods'],
  execute(input) {
    const { item, facts } = input
    const spec = fieldsAt(item, 'spec')
    if (spec === undefined) return { item }
    const pod = cloneManifest(item)
    const own = listAt(pod, 'spec', 'initContainers').filter((one) => !waitContainers.includes(textAt(one, 'name')))
    const volumes = podVolumeSnapshots(item, input.itemFromBackup.metadata.namespace ?? '', facts.podVolumeBackups)
    const wait = volumes.size === 0 ? [] : [waitContainer(input, [...volumes.keys()])]
    const restored: Fields = { ...fieldsAt(pod, 'spec'), initContainers: [...wait, ...own] }
    dropIfEmpty(restored, 'initContainers')
    return { item: { ...pod, spec: restored } }
  },
}

/** Mounts are in the order of their names, for which Velero has no order at all. */
function waitContainer({ item, restore, facts }: ActionInput, volumes: string[]): Fields {
  const config = pluginConfig(facts, name)
  return {
    name: 'restore-wait',
    image: restoreHelperImage(config['image'], facts.veleroImage),
    command: [config['command'] || '/velero-restore-helper'],
    args: [restore.uid],
    env: [envOf('POD_NAMESPACE', 'metadata.namespace'), envOf('POD_NAME', 'metadata.name')],
    resources: restoreHelperResources(config),
    volumeMounts: volumes.sort().map((volume) => ({ name: volume, mountPath: `/restores/${volume}` })),
    securityContext: securityOf(item, config),
  }
}

function securityOf(item: Manifest, config: Record<string, string>): Fields {
  return restoreHelperSecurity({
    config,
    firstContainer: fieldsAt(listAt(item, 'spec', 'containers')[0], 'securityContext'),
    pod: fieldsAt(item, 'spec', 'securityContext'),
  })
}

function envOf(variable: string, fieldPath: string): Fields {
  return { name: variable, valueFrom: { fieldRef: { fieldPath } } }
}
