/** One entry of `<backup>-volumeinfo.json.gz`; source: internal/volume/volumes_information.go. */
export interface BackupVolumeInfo {
  pvcName?: string
  pvcNamespace?: string
  pvName?: string
  /** Absent if the data of the volume was not backed up. */
  backupMethod?: 'NativeSnapshot' | 'PodVolumeBackup' | 'CSISnapshot' | ''
  snapshotDataMoved?: boolean
  csiSnapshotInfo?: {
    snapshotHandle?: string
    size?: number
    driver?: string
    vscName?: string
    volumeGroupSnapshotHandle?: string
  }
  snapshotDataMovementInfo?: { dataMover?: string; uploaderType?: string; snapshotHandle?: string }
  pvInfo?: { reclaimPolicy?: string; labels?: Record<string, string> }
}

/** One entry of `<backup>-volumesnapshots.json.gz`: a snapshot that a volume plugin made. */
export interface NativeSnapshot {
  spec: {
    persistentVolumeName: string
    /** The name of the VolumeSnapshotLocation. */
    location?: string
    volumeType?: string
    volumeAZ?: string
    volumeIOPS?: number | null
  }
  status?: { providerSnapshotID?: string; phase?: string }
}

/** One entry of a restore's `<restore>-volumeinfo.json.gz`. `Phase` and `ReadyToUse` are capitalised there. */
export interface RestoreVolumeInfo {
  pvcName?: string
  pvcNamespace?: string
  pvName?: string
  restoreMethod: 'PodVolumeRestore' | 'NativeSnapshot' | 'CSISnapshot'
  snapshotDataMoved: boolean
  csiSnapshotInfo?: Record<string, unknown>
  snapshotDataMovementInfo?: Record<string, unknown>
  nativeSnapshotInfo?: Record<string, unknown>
  pvrInfo?: Record<string, unknown>
}
