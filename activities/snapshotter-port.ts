import type { VolumeSnapshotLocation } from '../velero/backup.ts'
import type { Manifest } from '../velero/manifest.ts'

/** Opens volume snapshot locations by the VolumeSnapshotters of plugins. */
export interface Snapshotters {
  /**
   * Reads the location's credentials and finds its plugin, as its provider names it. No call to the plugin is made yet. Throws
   * `PluginError` in Velero's words where the location cannot be used.
   */
  open(location: VolumeSnapshotLocation): Promise<VolumeSnapshotter>
}

/**
 * A volume snapshot location. Every failure is a `PluginError`; a call whose signal is aborted rejects with the signal's reason,
 * and may take effect all the same.
 */
export interface VolumeSnapshotter {
  /**
   * Makes a volume from a snapshot and returns its id. It is sent once: after a failure of kind `died` or `late` nobody knows
   * whether there is a volume.
   */
  createVolume(source: SnapshotSource, signal: AbortSignal): Promise<string>
  /** The PersistentVolume with the id of its volume, as the plugin sends it: it may be anything. Has no effect elsewhere. */
  setVolumeId(volume: Manifest, volumeId: string, signal: AbortSignal): Promise<unknown>
  /** Deletes a snapshot. Sent again where the plugin dies meanwhile; most providers take a missing one as deleted. */
  deleteSnapshot(snapshotId: string, signal: AbortSignal): Promise<void>
}

/** A snapshot, as the backup describes it. Type and zone may be empty. */
export interface SnapshotSource {
  snapshotId: string
  volumeType: string
  zone: string
  /** 0 where the volume has none. */
  iops: number
}
