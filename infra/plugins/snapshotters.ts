import type { Snapshotters, VolumeSnapshotter } from '../../activities/snapshotter-port.ts'
import { PluginError, StoreError, isStoreTransient } from '../../core/port-errors.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import { snapshotterName } from '../../core/volumes/native-volume.ts'
import type { VolumeSnapshotLocation } from '../../velero/backup.ts'
import { readSecretKey } from '../store/location-secrets.ts'
import type { SecretSource } from '../store/location-secrets.ts'
import { createCredentialFiles } from './credentials-file.ts'
import type { CredentialFiles } from './credentials-file.ts'
import { jsonOf } from './messages.ts'
import type { BinaryOptions } from './plugin-binary.ts'
import type { PluginRegistry } from './registry.ts'
import { snapshotterMethods } from './snapshotter-protocol.ts'
import { createUsedBinary, keptByUse } from './used-binary.ts'
import type { UsedBinary } from './used-binary.ts'

/** The volume snapshot locations of a worker, until they are closed. */
export interface RunningSnapshotters extends Snapshotters {
  /** Ends all processes, and removes the files with credentials. */
  close(): Promise<void>
}

/**
 * Opens volume snapshot locations. A plugin knows one configuration at a time, so each one has a process of its own, which gets
 * `Init` when it starts. Secrets are read afresh by each `open`: with other credentials a location has another process.
 * Source: pkg/restore/pv_restorer.go, pkg/plugin/clientmgmt/volumesnapshotter.
 */
export function createSnapshotters(
  registry: PluginRegistry,
  secrets: SecretSource,
  options: BinaryOptions,
): RunningSnapshotters {
  const files = createCredentialFiles()
  const used = keptByUse<UsedBinary>((one) => one.close())
  return {
    async open(location) {
      const name = snapshotterName(location.spec.provider)
      const { binary } = await registry.find('VolumeSnapshotter', name)
      const config = await configOf(location, { secrets, files, options })
      const key = JSON.stringify([binary.path, name, Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1))])
      const make = () =>
        createUsedBinary(snapshotterMethods.init, { plugin: name, config }, { path: binary.path, options })
      return snapshotterOf(name, used.use(key, make))
    },
    async close() {
      await used.closeAll()
      await files.close()
    },
  }
}

/** What a location sets, and the file with its credentials. Source: internal/volume/snapshotlocation.go. */
async function configOf(
  { metadata, spec }: VolumeSnapshotLocation,
  around: { secrets: SecretSource; files: CredentialFiles; options: BinaryOptions },
): Promise<Record<string, string>> {
  const { credentialsFile, ...config } = spec.config ?? {}
  if (credentialsFile !== undefined)
    around.options.log.warn(
      `volume snapshot location ${JSON.stringify(metadata.name)}: config has credentialsFile, which names a file on the worker's own disk and is ignored: put the credentials into a Secret and name it in spec.credential`,
    )
  if (spec.credential === undefined) return config
  try {
    const credentials = await readSecretKey(around.secrets, spec.credential)
    return { ...config, credentialsFile: await around.files.write(credentials) }
  } catch (thrown) {
    if (!(thrown instanceof StoreError) || isStoreTransient(thrown)) throw thrown
    throw new PluginError('unknown', `unable to get credentials: ${thrown.message}`, { cause: thrown })
  }
}

function snapshotterOf(plugin: string, binary: UsedBinary): VolumeSnapshotter {
  return {
    async createVolume({ snapshotId, volumeType, zone, iops }, signal) {
      const request = { plugin, snapshotId, volumeType, volumeAz: zone, iops }
      const { volumeId } = await binary.call(plugin, snapshotterMethods.createVolume, request, signal)
      return volumeId
    },
    async setVolumeId(volume, volumeId, signal) {
      const request = { plugin, persistentVolume: jsonOf(volume), volumeId }
      const { persistentVolume } = await binary.call(plugin, snapshotterMethods.setVolumeId, request, signal)
      try {
        return parseJson(Buffer.from(persistentVolume).toString('utf8'))
      } catch {
        throw new PluginError('answer', `plugin ${plugin} has answered SetVolumeID with a volume that is no JSON`)
      }
    },
    async deleteSnapshot(snapshotId, signal) {
      await binary.call(plugin, snapshotterMethods.deleteSnapshot, { plugin, snapshotId }, signal)
    },
  }
}
