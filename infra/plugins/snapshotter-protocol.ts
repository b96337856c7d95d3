import { methodsOf } from './protocol.ts'
import type { Nothing } from './protocol.ts'
import type { InitRequest } from './used-binary.ts'

/** The messages of VolumeSnapshotters. Source: pkg/plugin/proto/VolumeSnapshotter.proto of Velero. */
const method = methodsOf(`
message Nothing {}
message Init { string plugin = 1; map<string, string> config = 2; }
message CreateVolume {
  string plugin = 1; string snapshot_id = 2; string volume_type = 3; string volume_az = 4; int64 iops = 5;
}
message Created { string volume_id = 1; }
message Snapshot { string plugin = 1; string snapshot_id = 2; }
message Volume { string plugin = 1; bytes persistent_volume = 2; string volume_id = 3; }
message Changed { bytes persistent_volume = 1; }
`)

const path = '/generated.VolumeSnapshotter'

/** A request of `CreateVolumeFromSnapshot`. */
export interface CreateVolumeRequest {
  plugin: string
  snapshotId: string
  volumeType: string
  volumeAz: string
  iops: number
}

/** A request of `SetVolumeID`; the PersistentVolume is JSON. */
export interface SetVolumeRequest {
  plugin: string
  persistentVolume: Buffer
  volumeId: string
}

/** The calls of VolumeSnapshotters that are made. */
export const snapshotterMethods = {
  init: method<InitRequest, Nothing>(`${path}/Init`, 'Init', 'Nothing'),
  createVolume: {
    ...method<CreateVolumeRequest, { volumeId: string }>(`${path}/CreateVolumeFromSnapshot`, 'CreateVolume', 'Created'),
    once: true,
  },
  setVolumeId: method<SetVolumeRequest, { persistentVolume: Uint8Array }>(`${path}/SetVolumeID`, 'Volume', 'Changed'),
  deleteSnapshot: method<{ plugin: string; snapshotId: string }, Nothing>(
    `${path}/DeleteSnapshot`,
    'Snapshot',
    'Nothing',
  ),
} as const
