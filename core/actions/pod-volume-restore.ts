import type { Manifest } from '../../velero/manifest.ts'
import { dropIfEmpty, fieldsAt, listAt, textAt, objectsAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { cloneManifest } from '../values/manifest-json.ts'
import type { ActionInput, ItemAction } from './action.ts'
import { pluginConfig } from './plugin-config.ts'
import { restoreHelperImage, restoreHelperResources, restoreHelperSecurity } from './restore-helper.ts'

const name = 'velero.io/pod-volume-restore'

/** Names of the init container that waits for files. A pod in a backup may have one from an earlier restore. */
const waitContainers: readonly string[] = ['restore-wait', 'restic-wait']

/**
 * A pod with file system backups of its volumes gets a first init container, which waits until the node agent has
 * restored the files. Such a container in the backup is removed: it would wait for the files of another restore.
 */
export const podVolumeRestore: ItemAction = {
  name,
  appliesTo: ['pods'],
  convertsThroughStruct: () => true,
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

/** The init container that waits. Its mounts are sorted by name; in Velero their order is random. */
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

/**
 * The volumes of a pod that have a file system backup, with the ids of their snapshots. `sourceNamespace` is the pod's
 * namespace in the backup. If there is no PodVolumeBackup with a snapshot, the ids come from the pod's annotations,
 * where old versions of Velero stored them.
 */
export function podVolumeSnapshots(
  pod: Manifest,
  sourceNamespace: string,
  backups: readonly Manifest[],
): Map<string, string> {
  const snapshots = new Map<string, string>()
  for (const backup of backups) {
    const of = fieldsAt(backup, 'spec', 'pod')
    if (textAt(of, 'name') !== pod.metadata.name || textAt(of, 'namespace') !== sourceNamespace) continue
    const volume = textAt(backup, 'spec', 'volume')
    const id = textAt(backup, 'status', 'snapshotID')
    if (id !== '' && !isMadeByKubelet(pod, volume)) snapshots.set(volume, id)
  }
  return snapshots.size > 0 ? snapshots : annotatedSnapshots(pod)
}

/** The kubelet fills projected and downward API volumes; some old backups contain them by mistake. */
function isMadeByKubelet(pod: Manifest, name: string): boolean {
  const volume = objectsAt(pod, 'spec', 'volumes').find((one) => textAt(one, 'name') === name)
  return fieldsAt(volume, 'projected') !== undefined || fieldsAt(volume, 'downwardAPI') !== undefined
}

const annotationPrefix = 'snapshot.velero.io/'

function annotatedSnapshots(pod: Manifest): Map<string, string> {
  const annotations = Object.entries(pod.metadata.annotations ?? {})
  const ours = annotations.filter(([key]) => key.startsWith(annotationPrefix))
  return new Map(ours.map(([key, id]) => [key.slice(annotationPrefix.length), id]))
}
