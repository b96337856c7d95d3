import type { Manifest } from '../../velero/manifest.ts'
import type { BackupVolumeInfo, NativeSnapshot } from '../../velero/volume-info.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'

/** What to do with a PersistentVolume of the backup. */
export type VolumeFate =
  /** A volume snapshotter must first make a volume from its snapshot, unless it stands in the cluster. */
  | { do: 'snapshot' }
  /** It is not restored, and its claim gets a new volume. */
  | { do: 'provision'; because: string }
  /** It is restored without its old binding. */
  | { do: 'keep' }

/** What the backup says about its volumes. */
export interface VolumeFacts {
  /**
   * The entries of `<backup>-volumeinfo.json.gz` by the name of the PV; the last entry of a name wins, as in Velero.
   */
  infos: Record<string, BackupVolumeInfo>
  snapshots: readonly NativeSnapshot[]
  /** The VolumeSnapshots of the backup, needed for backups without volume info. */
  csiSnapshots: readonly Manifest[]
  podVolumeBackups: readonly Manifest[]
  /** `<namespace>/<claim>` in the backup of the claims whose data a data mover uploaded. */
  movedClaims: readonly string[]
}

/**
 * Decides about a PersistentVolume by its entry in the volume info:
 *
 * | backup method in the entry        | decision                                      |
 * | NativeSnapshot                    | snapshot                                      |
 * | PodVolumeBackup, CSISnapshot      | provision                                     |
 * | anything else                     | provision if its reclaim policy is Delete, else keep |
 * | no entry (old backups)            | by the snapshots and uploads of the backup, then as above |
 *
 * Source: pkg/restore/restore.go restoreItem, branch of PersistentVolumes.
 */
export function volumeFate(pv: Manifest, facts: VolumeFacts): VolumeFate {
  const { name } = pv.metadata
  const info = Object.hasOwn(facts.infos, name) ? facts.infos[name] : undefined
  if (info === undefined) return fateByRecords(pv, facts)
  switch (info.backupMethod) {
    case 'NativeSnapshot':
      return { do: 'snapshot' }
    case 'PodVolumeBackup':
      return { do: 'provision', because: 'it has a pod volume backup to be restored' }
    case 'CSISnapshot':
      return { do: 'provision', because: 'it has a CSI VolumeSnapshot or a related snapshot DataUpload' }
    default:
      return fateByReclaimPolicy(pv)
  }
}

function fateByRecords(pv: Manifest, facts: VolumeFacts): VolumeFate {
  if (facts.snapshots.some((snapshot) => snapshot.spec.persistentVolumeName === pv.metadata.name))
    return { do: 'snapshot' }
  const claim = claimRef(pv)
  if (claim !== undefined) {
    if (facts.podVolumeBackups.some((backup) => isBackupOfClaim(backup, claim))) {
      return { do: 'provision', because: 'it has a pod volume backup to be restored' }
    }
    if (
      facts.csiSnapshots.some((snapshot) => isSnapshotOfClaim(snapshot, claim)) ||
      facts.movedClaims.includes(`${claim.namespace}/${claim.name}`)
    ) {
      return { do: 'provision', because: 'it has a CSI VolumeSnapshot or a related snapshot DataUpload' }
    }
  }
  return fateByReclaimPolicy(pv)
}

function fateByReclaimPolicy(pv: Manifest): VolumeFate {
  const policy = (pv['spec'] as { persistentVolumeReclaimPolicy?: string } | undefined)?.persistentVolumeReclaimPolicy
  return policy === 'Delete'
    ? { do: 'provision', because: "it doesn't have a snapshot and its reclaim policy is Delete" }
    : { do: 'keep' }
}

/** The claim that a PV names. */
export function claimRef(pv: Manifest): { namespace: string; name: string } | undefined {
  const ref = (pv['spec'] as { claimRef?: { namespace?: string; name?: string } } | undefined)?.claimRef
  if (ref?.name === undefined) return undefined
  return { namespace: ref.namespace ?? '', name: ref.name }
}

function isBackupOfClaim(backup: Manifest, claim: { namespace: string; name: string }): boolean {
  const pod = (backup['spec'] as { pod?: { namespace?: string } } | undefined)?.pod
  const status = backup['status'] as { phase?: string; snapshotID?: string } | undefined
  return (
    pod?.namespace === claim.namespace &&
    backup.metadata.annotations?.['velero.io/pvc-name'] === claim.name &&
    status?.phase === 'Completed' &&
    (status.snapshotID ?? '') !== ''
  )
}

function isSnapshotOfClaim(snapshot: Manifest, claim: { namespace: string; name: string }): boolean {
  const source = (snapshot['spec'] as { source?: { persistentVolumeClaimName?: string } } | undefined)?.source
  return snapshot.metadata.namespace === claim.namespace && source?.persistentVolumeClaimName === claim.name
}

const bindAnnotations = ['pv.kubernetes.io/bind-completed', 'pv.kubernetes.io/bound-by-controller']

/**
 * A PV that is kept, bound by name to its claim in the target namespace. Source: restore.go
 * handleSkippedPVHasRetainPolicy.
 */
export function rebindVolume(pv: Manifest, namespaceMapping: Record<string, string> | undefined): Manifest {
  const spec = pv['spec'] as { claimRef?: Record<string, unknown> | null } | null | undefined
  if (spec?.claimRef === undefined || spec.claimRef === null) return withoutBindAnnotations(pv)
  const { uid: _uid, resourceVersion: _version, ...claimRef } = spec.claimRef
  const namespace = claimRef['namespace']
  const rebound =
    typeof namespace === 'string' ? { ...claimRef, namespace: targetNamespace(namespaceMapping, namespace) } : claimRef
  return withoutBindAnnotations({ ...pv, spec: { ...spec, claimRef: rebound } })
}

/**
 * A claim with a volume name, without its binding annotations. The volume name is removed too if that volume is not
 * restored because the claim gets a new one. Source: restore.go restoreItem.
 */
export function unbindClaim(claim: Manifest, provisioned: ReadonlySet<string>): Manifest {
  const spec = claim['spec'] as { volumeName?: string } | undefined
  const volumeName = spec?.volumeName ?? ''
  if (volumeName === '') return claim
  const unbound = withoutBindAnnotations(claim)
  if (!provisioned.has(volumeName)) return unbound
  const { volumeName: _name, ...rest } = spec as Record<string, unknown>
  return { ...unbound, spec: rest }
}

function withoutBindAnnotations(object: Manifest): Manifest {
  const annotations = object.metadata.annotations
  if (annotations === undefined || !bindAnnotations.some((key) => key in annotations)) return object
  const kept = Object.fromEntries(Object.entries(annotations).filter(([key]) => !bindAnnotations.includes(key)))
  const { annotations: _old, ...metadata } = object.metadata
  return {
    ...object,
    metadata: Object.keys(kept).length === 0 ? metadata : { ...metadata, annotations: kept },
  }
}
