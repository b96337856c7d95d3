import type { Snapshotters, VolumeSnapshotter } from '../../../activities/snapshotter-port.ts'
import { PluginError } from '../../../core/port-errors.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { Around } from '../calls.ts'

/** The cloud of a volume snapshotter, in memory. It outlasts processes. */
export interface InMemoryCloud {
  /** The ids of its volumes. */
  volumes: readonly string[]
  /** The ids of its snapshots that are to be deleted one day. */
  snapshots: Set<string>
  /** The port, as a process of a worker has it. */
  connect(around?: Around): Snapshotters
}

/** The provider that the cloud serves. */
export const cloudProvider = 'example.io/files'

/** Makes a cloud. Words in the id of a snapshot make it misbehave, as the plugin of devstack/go/velero/demo-plugin does. */
export function createCloud(from: readonly string[] = [], stored: Iterable<string> = []): InMemoryCloud {
  const volumes = [...from]
  const snapshots = new Set(stored)
  const told = new Set<string>()

  /** The plugin dies, or hangs, when it has made the volume; with `once` for the first time only. */
  function disturb(snapshotId: string): void {
    const isOver = snapshotId.includes('once') && told.has(snapshotId)
    told.add(snapshotId)
    if (isOver) return
    if (snapshotId.includes('dies')) throw new PluginError('died', 'plugin example.io/files died while it worked')
    if (snapshotId.includes('late')) throw new PluginError('late', 'plugin example.io/files has not answered')
  }

  const snapshotter: VolumeSnapshotter = {
    async createVolume({ snapshotId }) {
      if (snapshotId.includes('missing')) throw new PluginError('answer', `snapshot ${snapshotId} is not there`)
      if (snapshotId.includes('empty')) return ''
      const twins = volumes.filter((id) => id.startsWith(`vol-${snapshotId}`)).length
      const id = `vol-${snapshotId}${twins === 0 ? '' : `-${twins + 1}`}`
      volumes.push(id)
      disturb(snapshotId)
      return id
    },
    async setVolumeId(volume, id) {
      if (id.includes('text')) return 'no object'
      if (id.includes('nameless')) return { ...volume, metadata: {} }
      const spec = volume['spec'] as { csi: object }
      const name = `${volume.metadata.name}${id.includes('renamed') ? '-renamed' : ''}`
      const set = { ...spec, csi: { ...spec.csi, volumeHandle: id } }
      return { ...volume, metadata: { ...volume.metadata, name }, spec: set } satisfies Manifest
    },
    // A missing one counts as deleted, as with the plugins of clouds.
    async deleteSnapshot(id) {
      snapshots.delete(id)
    },
  }

  return {
    volumes,
    snapshots,
    connect: (around = (_call, run) => run()) => ({
      async open({ spec }) {
        if (spec.provider !== cloudProvider)
          throw new PluginError('unknown', `unable to get valid VolumeSnapshotter for ${JSON.stringify(spec.provider)}`)
        const call = <T>(name: string, on: string, run: () => Promise<T>) =>
          around({ port: 'snapshotter', name, on }, run)
        return {
          createVolume: (source, signal) =>
            call('createVolume', source.snapshotId, () => snapshotter.createVolume(source, signal)),
          setVolumeId: (volume, id, signal) =>
            call('setVolumeId', id, () => snapshotter.setVolumeId(volume, id, signal)),
          deleteSnapshot: (id, signal) => call('deleteSnapshot', id, () => snapshotter.deleteSnapshot(id, signal)),
        }
      },
    }),
  }
}
