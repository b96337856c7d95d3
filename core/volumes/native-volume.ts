import { companionHash } from '../values/derived-names.ts'
import { warning } from '../items/outcome.ts'
import type { Message, NativeVolume } from '../items/outcome.ts'
import { claimRef } from '../items/volume-fate.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { NativeSnapshot } from '../../velero/volume-info.ts'

/** What stands in the cluster where a volume with a native snapshot should go. */
export interface StandingVolume {
  volume: Manifest | undefined
  /** The claim that the standing volume names, and the namespace of that claim. */
  claim: Manifest | undefined
  namespace: Manifest | undefined
}

/** What to do with a volume that has a native snapshot. */
export type NativeFate =
  /** A PV of its name stands there, and no volume is made from the snapshot. */
  | { do: 'keep' }
  /** A PV of its name stands there, and goes away. */
  | { do: 'wait'; because: string }
  /** With `renames` the PV gets another name, because one of its own name stands there. */
  | { do: 'restore'; renames: boolean }

/**
 * Decides whether a volume is made from the snapshot of a PV. A PV whose claim is mapped into another namespace needs a volume of
 * its own, beside one that stands there. One that is released or goes away, with its claim or the namespace of its claim, is
 * waited for. Source: pkg/restore/restore.go handlePVHasNativeSnapshot, shouldRenamePV, shouldRestore.
 */
export function nativeFate(
  pv: Manifest,
  { volume, claim, namespace }: StandingVolume,
  mapping: Record<string, string> | undefined,
): NativeFate {
  if (volume === undefined) return { do: 'restore', renames: false }
  const source = claimRef(pv)?.namespace
  if (source !== undefined && mapping !== undefined && Object.hasOwn(mapping, source))
    return { do: 'restore', renames: true }
  const wait = (because: string): NativeFate => ({
    do: 'wait',
    because: `volume ${pv.metadata.name}, which stands in the cluster, to go away: ${because}`,
  })
  if (isGoing(volume)) return wait('it is being deleted')
  if (phaseOf(volume) === 'Released') return wait('it is released')
  const ref = claimRef(volume)
  if (ref === undefined) return { do: 'keep' }
  const its = `its claim ${ref.namespace}/${ref.name}`
  if (claim === undefined) return wait(`${its} is not there`)
  if (isGoing(claim)) return wait(`${its} is being deleted`)
  if (namespace === undefined || isGoing(namespace) || phaseOf(namespace) === 'Terminating')
    return wait(`the namespace of ${its} is being deleted`)
  return { do: 'keep' }
}

const isGoing = ({ metadata }: Manifest) => metadata.deletionTimestamp !== undefined

const phaseOf = (object: Manifest) => (object['status'] as { phase?: string } | undefined)?.phase

/** The native snapshot of a PV: the first one of its name, as in Velero. */
export function nativeSnapshotOf(pv: string, snapshots: readonly NativeSnapshot[]): NativeSnapshot | undefined {
  return snapshots.find(({ spec }) => spec.persistentVolumeName === pv)
}

/** What a restore records of a volume that was made from a snapshot. `pv` is its name in the cluster. */
export function nativeVolume(pv: string, { spec, status }: NativeSnapshot): NativeVolume {
  return {
    pv,
    snapshotId: status?.providerSnapshotID ?? '',
    volumeType: spec.volumeType ?? '',
    zone: spec.volumeAZ ?? '',
    iops: spec.volumeIOPS ?? 0,
  }
}

/** A PV under another name, with its old one in the annotation that Velero has for it. */
export function renamedVolume(pv: Manifest, from: string, to: string): Manifest {
  const annotations = { ...pv.metadata.annotations, 'velero.io/original-pv-name': from }
  return { ...pv, metadata: { ...pv.metadata, name: to, annotations } }
}

/** The name of a PV beside one of the same name. It looks as in Velero, where it is random, and is the same in each attempt (rule 6). */
export function cloneName(restoreUid: string, pv: string): string {
  const hash = companionHash({ restoreUid, item: `persistentvolumes/${pv}`, purpose: 'clone' })
  const parts = [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)]
  return `velero-clone-${parts.join('-')}`
}

/** The name of the plugin of a provider: names without a folder are Velero's own. Source: pkg/plugin/clientmgmt sanitizeName. */
export function snapshotterName(provider: string): string {
  return provider.includes('/') ? provider : `velero.io/${provider}`
}

/** A call that made a volume or may have made one, as the journal has it. */
export interface VolumeCall {
  /** When it was sent; RFC 3339. */
  at: string
  /** The worker that sent it. */
  worker: string
  /** The id of its volume, where another volume was used. */
  volumeId?: string
}

/**
 * Warnings about volumes that nobody uses, or may be there: calls whose answer is not known, and those whose volume came
 * second. They say where to look. `inUse` is the id of the volume that the PV has.
 */
export function leftOverVolumes(
  calls: readonly VolumeCall[],
  { snapshotId, location, inUse }: { snapshotId: string; location: string; inUse: string | undefined },
): Message[] {
  const used = inUse === undefined ? '' : `; volume ${inUse} is the one in use`
  return calls.map(({ at, worker, volumeId }) =>
    warning(
      'cluster',
      volumeId === undefined
        ? `a volume may be left over in location ${location}: a call that makes one from snapshot ${snapshotId} was sent at ${at} by ${worker} and its answer is not known. Look there for a volume of this snapshot that was made since then and that no PersistentVolume names${used}`
        : `a volume is left over in location ${location}: volume ${volumeId} was made from snapshot ${snapshotId}, and no PersistentVolume names it${used}`,
    ),
  )
}
